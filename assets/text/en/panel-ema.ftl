panel-ema = EMA convergence
    .help = Whether the codebooks still move and the running averages follow the counts. Settled: drift is low and flat, points lie in the band
