panel-dependence = Dependence
    .help = What codes tell of each other. Look for layers whose code follows from the one before, which cost bits and say nothing new, and for codes that only repeat
