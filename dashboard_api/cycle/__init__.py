"""The pages of cycles: the teacher’s own, and what a coach has with each teacher."""
