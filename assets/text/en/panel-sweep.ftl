panel-sweep = Sweep
    .help = Plan a run for every combination of values and seeds; what each combination reaches, in SNR for the bits it takes, with its spread
