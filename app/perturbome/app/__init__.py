"""The faces of perturbome: Streamlit pages over the store, and the demo. The app computes nothing itself."""
