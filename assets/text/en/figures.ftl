figure-dimension_variance = Variance of a dimension
    .text = `sum_t (x_td - mean_d)² / n`: what the MSE of dimension d would be if every frame came out as the mean. An error near it says that the codes tell nothing of the dimension.
figure-ema_total = Sum of EMA sizes
    .text = `C = sum_k c_k`: in steady state the number of frames in the trainer's batches. Sizes below zero, which only a damaged file has, count for nothing.
figure-ema_used = Codes used (EMA)
    .text = `#{"{"}c_k / (1 - d) >= 1{"}"}`: codes to which the running average gives at least one frame in its window of `1 / (1 - d)` steps.
figure-ema_utilization = Utilization (EMA)
    .text = `#{"{"}c_k / (1 - d) >= 1{"}"} / K`: the share of codes to which the running average gives at least one frame in its window.
figure-ema_entropy_nats = Entropy (EMA)
    .text = `H = -sum_k p_k ln p_k` with `p_k = c_k / C`, the shares of the EMA cluster sizes.
figure-ema_perplexity = Perplexity (EMA)
    .text = `exp(H)` of the shares `p_k = c_k / C` of the EMA cluster sizes: how many equally used codes would have the same entropy.
figure-ema_gini = Gini (EMA)
    .text = `sum_i (2i - K - 1) p_(i) / K` of the shares `p_k = c_k / C` of the EMA cluster sizes, ascending and i from 1.
figure-embed_gap = Row against its average
    .text = `||e_k - m_k / c~_k||` over the RMS length of the rows, with `c~_k = (c_k + eps) / (C + K eps) C`: what the trainer's next step would move the row by.
figure-near_duplicates = Near-duplicates
    .text = codes whose nearest other code is closer than 0.1 of the cell's RMS radius `sqrt(mean ||x - e_k||²)`. Without frames the median distance to the nearest other code, over the rows that equal none, stands for the radius.
figure-effective_dimension = Effective dimension
    .text = `(sum l)² / sum l²` over the eigenvalues l of the covariance of the rows: 1 where they lie on a line, D where they spread alike in all directions.
figure-drift = Drift
    .text = `||e_t - e_(t-1)||_F / ||e_(t-1)||_F` over the rows that were not replaced: how far the codebook moved in one step.
figure-drift_all = Drift of all rows
    .text = `||e_t - e_(t-1)||_F / ||e_(t-1)||_F` over all rows, replaced ones among them: where replaced codes do not stay it stays high.
figure-code_drift = Drift of a code
    .text = Mean of `||e_t - e_(t-1)|| / ||e_(t-1)||` of its row over the steps that did not replace it: how far the code moved in one step.
figure-loss = Commitment loss
    .text = `commitment_weight * mean((x - q)²)` over all elements of the batch, with the codebook before the step, where codes are searched.
figure-ema_window = EMA window
    .text = `1 / (1 - d)`: the number of steps over which the running averages look back.
figure-ema_half_life = EMA half-life
    .text = `ln 0.5 / ln d`: steps until half of what the averages held is forgotten; 69 at a decay of 0.99.
figure-cluster_size_noise = Noise of a cluster size
    .text = `sqrt(N p (1-p) (1-d) / (1+d))`: standard deviation of `c_k` in steady state, for a code of share p in batches of N frames.
figure-expiry_steps = Steps to expire
    .text = `ln(threshold / c_0) / ln d`: steps after which a code that no frame chooses any more falls from `c_0` below the threshold.
figure-used = Codes used
    .text = `#{"{"}count_k >= 1{"}"}`: codes that at least one frame chose.
figure-utilization = Utilization
    .text = `#{"{"}count_k >= 1{"}"} / K`: the share of codes that at least one frame chose. It grows with the number of frames looked at.
figure-utilization_uniform = Utilization of a uniform source
    .text = `1 - (1 - 1/K)^n`: the utilization that n frames of a truly uniform source would show.
figure-entropy_nats = Entropy
    .text = `H = -sum_k p_k ln p_k` with `p_k = count_k / n` and `0 ln 0 = 0`.
figure-perplexity = Perplexity
    .text = `exp(H)`: how many equally used codes would have the same entropy. From few frames it comes out too low.
figure-perplexity_mm = Perplexity (Miller-Madow)
    .text = `exp(H + (K_used - 1) / (2n))`: perplexity with the first-order correction for having seen only n frames.
figure-gini = Gini
    .text = `sum_i (2i - K - 1) p_(i) / K` with `p` ascending and i from 1: 0 when all codes are used alike, near 1 when few take all.
figure-dead_window = Dead in the window
    .text = `#{"{"}count_k = 0{"}"}` over the frames of this window: codes that none of them chose.
figure-dead_threshold = Dead by threshold
    .text = `#{"{"}c_k < threshold{"}"}`: codes whose EMA cluster size lies below the dead-code threshold, in frames a batch.
figure-dead_corpus = Dead in the corpus
    .text = `#{"{"}count_k = 0{"}"}` over the whole corpus, trained on and held out: codes that no frame of it chose.
figure-bit_efficiency = Bit efficiency
    .text = `sum_i H_i / sum_i ln K_i`: the share of the nominal bits that the codes of all layers carry.
figure-nominal_kbps = Nominal bit rate
    .text = `fps * sum_i log2 K_i / 1000`: what the codes of all layers cost at their full size.
figure-effective_kbps = Effective bit rate
    .text = `fps * sum_i H_i / ln 2 / 1000`: what an ideal entropy coder would need for each layer on its own.
figure-conditional_entropy_bits = Entropy given the layer before
    .text = `H(l | l-1) = H(a, b) - H(a)` over the codes a and b of a frame in layers l-1 and l: what the layer says that the one before has not said. 0 where its code follows from that before it. From few frames it comes out too low: compare it with the same codes shuffled among the frames, not with the entropy.
figure-mutual_information_bits = Shared with the layer before
    .text = `I = H_shuffled(l | l-1) - H(l | l-1)`: the bits of a layer's code that the code before it tells already, beyond what chance makes of so few frames. About 0 where the layers are independent; a little below it by chance.
figure-repetition_share = Repetition
    .text = `#{"{"}c_t = c_(t+1){"}"} / #pairs` over the codes of neighbouring frames of a clip: the share of frames that repeat the code before them.
figure-mean_run_length = Mean run
    .text = `n / #runs`: the mean length of stretches of one code. 1 where no frame repeats the code before it; with shares p_k and no memory about `1 / (1 - sum_k p_k²)`.
figure-uniform_size = Even cluster size
    .text = `N/K`: the frames of a batch that each code gets where all are used alike. Without a known batch `C = sum c_k` stands for N, which it is in steady state.
figure-threshold_advice = Advised threshold
    .text = `rho N/K` with rho = 0.1: a tenth of what each of K evenly used codes gets of a batch of N frames. At N/K and above even evenly used codes count as dead.
figure-collision_rate = Collision rate
    .text = `(n - #distinct tuples) / n`: the share of frames whose codes in all layers another frame before them has too. Only frames with a code in every layer count.
figure-prefix_coverage = Coverage by prefix
    .text = `#distinct prefixes of l layers / min(n, K_1 * .. * K_l)`: of the prefixes that so many frames could have, the share that they do have.
figure-checkpoint_drift = Drift between checkpoints
    .text = `||e_b - e_a||_F / ||e_a||_F` over all rows of a layer, from one checkpoint a to the next one b: how far the codebook moved between them.
figure-token_stability = Token stability
    .text = `#{"{"}z_b = z_a{"}"} / n`: the share of frames whose code in this layer is the same as in the checkpoint before. Near 1 the tokens have settled; what changes in a layer changes what all layers behind it are given.
figure-births = Births of codes
    .text = `#{"{"}dead in a, in use in b{"}"}`: codes in use that were not in the checkpoint before. In use is what a frame of the probe chooses; without a probe, what has an EMA size that is not below the threshold.
figure-deaths = Deaths of codes
    .text = `#{"{"}in use in a, dead in b{"}"}`: codes that were in use in the checkpoint before and are no more, by the same count as births.
figure-mse = MSE
    .text = `sum ||x - q_1..l||² / (n D)`: mean squared error per element after the layers up to this one.
figure-snr_db = SNR
    .text = `10 log10(sum ||x||² / sum ||x - q_1..l||²)` after the layers up to this one. Without signal or without error there is none.
figure-snr_gain_db = SNR gain
    .text = `SNR_l - SNR_(l-1)` with `SNR_0 = 0 dB`: what this layer adds.
figure-explained_variance = Explained variance
    .text = `1 - sum ||r_l||² / sum ||x - mean||²`: the share of the variance about the mean that the layers up to this one reproduce.
figure-beam_gain_db = Beam gain
    .text = `10 log10(sum ||x - q_greedy||² / sum ||x - q_beam||²)`: what searching several paths through the layers gains over the greedy one.
figure-code_distortion = Distortion of a code
    .text = mean `||x - e_k||²` over the frames in its cell; its share is their sum over the layer's total.
figure-margin = Margin
    .text = `1 - ||r - e_k||² / ||r - e_j||²` of a frame, k being its code and j the nearest of all others: 0 on the border between two cells, 1 where the row is met exactly, below 0 where a search along several paths did not take the nearest.
figure-shannon_db = Shannon reference
    .text = `10 log10(sum l / sum min(l, t))` over the eigenvalues l of the covariance of what goes into the layer, t such that `sum max(0, log2(l / t)) / 2 = log2 K`: the most that K codes can gain on Gaussian frames of this covariance (reverse water-filling). White frames of D dimensions: `6.02 log2(K) / D` dB.
figure-centred_gain_db = Gain on centred frames
    .text = `10 log10(sum ||r_(l-1) - mean||² / sum ||r_l||²)`: what the layer adds beyond what any constant would, on the frames of which the Shannon reference is.
figure-shannon_share = Share of the Shannon reference
    .text = `gain / reference`, both in dB and of the same frames about their mean. k-means layers reach 77-80 % on white Gaussian frames; frames that are far from Gaussian, as clusters are, can go above 100 %.
figure-bits_a_frame = Rate
    .text = `sum_i H_i / (s_i ln 2)` over the layers up to this one, of which s_i frames share a code: what an ideal entropy coder would need for a frame, each layer on its own. The nominal rate has `ln K_i` in place of the entropy H_i in nats.
figure-gaussian_snr_db = SNR of Gaussian frames
    .text = `10 log10(sum ||x||² / sum ||x - mean||²) + 10 log10(sum l / sum min(l, t))` over the eigenvalues l of the frames' covariance, t such that `sum max(0, log2(l / t)) / 2 = R`: the best that any quantizer of R bits a frame gives on Gaussian frames of this covariance whose mean is known (reverse water-filling). The covariance is of a sample of the frames.
figure-threshold_frames = Threshold
    .text = Below this EMA cluster size `c_k` a code counts as dead. Rules state it in units of their own; this is what it comes to in frames. Replacement is off at 0
sweep-snr_db = SNR
    .text = Signal to noise behind the last layer
sweep-bits_per_frame = Rate
    .text = What an ideal entropy coder needs for a frame, each layer on its own: the sum of the layers' entropies
sweep-utilization = Used
    .text = Codes that were chosen at least once, of all codes of all layers
sweep-perplexity = Perplexity
    .text = exp(H), the mean over the layers
sweep-bit_efficiency = Bit efficiency
    .text = The entropy of the codes as a share of the nominal bits
sweep-explained_variance = Explained
    .text = The share of the variance that the codes explain
sweep-dead_threshold = Below threshold
    .text = Codes below the dead-code threshold, in all layers
heading-used = Used
heading-utilization = Utilization
heading-utilization-if-uniform = Utilization if uniform
heading-perplexity = Perplexity
heading-perplexity-miller-madow = Perplexity, Miller-Madow
heading-entropy-nats = Entropy, nats
heading-gini = Gini
heading-dead-in-the-window = Dead in the window
heading-dead-by-threshold = Dead by threshold
heading-dead-in-the-corpus = Dead in the corpus
heading-mse = MSE
heading-snr-db = SNR, dB
heading-snr-gain-db = SNR gain, dB
heading-explained-variance = Explained variance
heading-shannon-reference-db = Shannon reference, dB
heading-gain-on-centred-frames-db = Gain on centred frames, dB
heading-of-the-shannon-reference = Of the Shannon reference
