"""What several studies use: data, small networks, and how they are trained."""
