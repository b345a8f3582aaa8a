panel-codebook = Codebook
    .help = The rows of a layer: how they lie before what the layer is given, their lengths and their distances. Look for rows where no input is, for rows that lie on one another, and for rows that left their averages
