# The app and the command line; the graph server is a service of its own (docker-compose.yml).
FROM python:3.11-slim
WORKDIR /perturbome
RUN pip install --no-cache-dir uv
COPY pyproject.toml constraints.txt README.md ./
COPY platform platform
COPY ingest ingest
COPY models models
COPY app app
RUN uv pip install --system --no-cache -c constraints.txt '.[app]' && useradd --create-home perturbome && mkdir /store && chown perturbome /store
USER perturbome
EXPOSE 8501
CMD ["perturbome", "app", "--store", "/store", "--port", "8501", "--host", "0.0.0.0", "--headless"]
