figure-replaced = Replaced
    .text = Codes that the update rule gave a new place in this step, because they counted as dead
panel-dead = Dead codes
    .help = Every code of a layer by its state. Dead has three meanings: unused in this window, below the threshold, unused in the whole corpus
