panel-doctor = Doctor
    .help = What is wrong with the run, the worst first: what was measured against which bound, why it matters, and what to change. A repair, or a training with other parameters, starts from here
