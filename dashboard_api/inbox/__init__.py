"""What is new to somebody: on their start page, and once a day by mail if they ask for it."""
