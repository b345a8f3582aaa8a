panel-checkpoints = Checkpoints
    .help = A training that runs elsewhere, over its steps: File > Watch folder… takes in each checkpoint that it writes. Settled: tokens stay, rows hardly move
