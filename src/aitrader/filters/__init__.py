"""The filter language: a trader file's text becomes a graph, the graph gives answers on candles."""
