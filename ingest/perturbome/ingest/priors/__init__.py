"""Prior knowledge: STRING, curated regulons, edge lists, gene sets and lists of transcription factors."""
