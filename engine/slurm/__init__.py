"""What Slurm is asked and answers, through its own commands: jobs, the queue, what is asked for. It knows no worker."""
