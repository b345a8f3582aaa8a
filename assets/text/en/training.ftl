pitfall-P1 = Replacement that does nothing
    .text = EnCodec replaces dead codes before it writes the running average, which overwrites them: codes that start out of reach stay dead, while other trainers bring them back.
pitfall-P2 = Replacement that lives for one step
    .text = GPT-SoVITS replaces the row of a dead code but not its averages: the next step pulls it back, and it is replaced again. The codebook never comes to rest.
pitfall-P4 = A start that forgets its counts
    .text = EnCodec and GPT-SoVITS start from k-means with m = mean and c = count: the first step divides each row by its count, and what k-means found is lost.
pitfall-P7 = A threshold that declares everything dead
    .text = A code that is used as it should be has c = N/K frames a step. With a batch of K frames that is 1, and a threshold of 2 frames counts every code as dead; a threshold relative to N/K does not.
