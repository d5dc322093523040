"""The web pages for teachers and coaches, and the interface behind them."""
