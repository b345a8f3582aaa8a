panel-layers = Layers
    .help = One row a layer: what it uses, what it adds, whether it still moves, and what to change. Look for rows that are not healthy
