"""Videos of lessons: uploads that resume, preparing them in the background, and serving ranges."""
