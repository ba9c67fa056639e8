"""What comes of it: feedback for students, reports and tables for instructors."""
