"""The sheet on which observers code a lesson, and the page on which its teacher asks them."""
