figure-dimension_variance = 维度方差
    .text = `sum_t (x_td - mean_d)² / n`：若每一帧都输出为均值，第 d 维的 MSE 就是这个值。误差接近它，说明码字没有表达这一维的任何信息。
figure-ema_total = EMA 簇大小之和
    .text = `C = sum_k c_k`：稳态下等于训练器每个批次的帧数。小于零的簇大小只出现在损坏的文件中，按 0 计。
figure-ema_used = 已用码字数（EMA）
    .text = `#{"{"}c_k / (1 - d) >= 1{"}"}`：在滑动平均的 `1 / (1 - d)` 步窗口内至少分到一帧的码字数。
figure-ema_utilization = 利用率（EMA）
    .text = `#{"{"}c_k / (1 - d) >= 1{"}"} / K`：在滑动平均的窗口内至少分到一帧的码字所占的比例。
figure-ema_entropy_nats = 熵（EMA）
    .text = `H = -sum_k p_k ln p_k`，其中 `p_k = c_k / C` 是各码字 EMA 簇大小的占比。
figure-ema_perplexity = 困惑度（EMA）
    .text = 由 EMA 簇大小的占比 `p_k = c_k / C` 算得的 `exp(H)`：多少个被同等使用的码字具有相同的熵。
figure-ema_gini = 基尼系数（EMA）
    .text = `sum_i (2i - K - 1) p_(i) / K`，由 EMA 簇大小的占比 `p_k = c_k / C` 算得，升序排列，i 从 1 开始。
figure-embed_gap = 行与其滑动平均之差
    .text = `||e_k - m_k / c~_k||` 除以各行的 RMS 长度，其中 `c~_k = (c_k + eps) / (C + K eps) C`：训练器的下一步会把这一行移动多远。
figure-near_duplicates = 近似重复
    .text = 到最近的其他码字的距离小于胞腔 RMS 半径 `sqrt(mean ||x - e_k||²)` 的 0.1 倍的码字数。没有帧时，以到最近的其他码字的距离的中位数代替半径，完全相同的行不计入。
figure-effective_dimension = 有效维度
    .text = `(sum l)² / sum l²`，l 为各行协方差的特征值：各行在一条直线上时为 1，在所有方向上同等散布时为 D。
figure-drift = 漂移
    .text = `||e_t - e_(t-1)||_F / ||e_(t-1)||_F`，只计未被替换的行：码本在一步中移动了多远。
figure-drift_all = 全部行的漂移
    .text = `||e_t - e_(t-1)||_F / ||e_(t-1)||_F`，计入所有行，包括被替换的行：若替换的码字留不住，它会一直很高。
figure-code_drift = 码字的漂移
    .text = 该码字所在行的 `||e_t - e_(t-1)|| / ||e_(t-1)||` 在未替换它的各步上的平均：码字在一步中移动了多远。
figure-loss = 承诺损失
    .text = `commitment_weight * mean((x - q)²)`，对批次的所有元素取平均，用该步更新之前、搜索码字时的码本计算。
figure-ema_window = EMA 窗口
    .text = `1 / (1 - d)`：滑动平均回看的步数。
figure-ema_half_life = EMA 半衰期
    .text = `ln 0.5 / ln d`：滑动平均忘掉原有内容的一半所需的步数；衰减为 0.99 时是 69 步。
figure-cluster_size_noise = 簇大小的噪声
    .text = `sqrt(N p (1-p) (1-d) / (1+d))`：批次为 N 帧、码字占比为 p 时，`c_k` 在稳态下的标准差。
figure-expiry_steps = 失效所需步数
    .text = `ln(threshold / c_0) / ln d`：一个不再被任何帧选中的码字，从 `c_0` 降到阈值以下所需的步数。
figure-used = 已用码字数
    .text = `#{"{"}count_k >= 1{"}"}`：至少被一帧选中的码字数。
figure-utilization = 利用率
    .text = `#{"{"}count_k >= 1{"}"} / K`：至少被一帧选中的码字所占的比例。统计的帧越多，它越高。
figure-utilization_uniform = 均匀信源的利用率
    .text = `1 - (1 - 1/K)^n`：真正均匀的信源的 n 帧所显示的利用率。
figure-entropy_nats = 熵
    .text = `H = -sum_k p_k ln p_k`，其中 `p_k = count_k / n`，并约定 `0 ln 0 = 0`。
figure-perplexity = 困惑度
    .text = `exp(H)`：多少个被同等使用的码字具有相同的熵。帧数少时结果偏低。
figure-perplexity_mm = 困惑度（Miller-Madow）
    .text = `exp(H + (K_used - 1) / (2n))`：针对只看到 n 帧做了一阶修正的困惑度。
figure-gini = 基尼系数
    .text = `sum_i (2i - K - 1) p_(i) / K`，`p` 升序排列，i 从 1 开始：所有码字被同等使用时为 0，少数码字占去全部时接近 1。
figure-dead_window = 窗口内的死码字
    .text = `#{"{"}count_k = 0{"}"}`，统计此窗口的帧：没有被其中任何一帧选中的码字数。
figure-dead_threshold = 低于阈值的死码字
    .text = `#{"{"}c_k < threshold{"}"}`：EMA 簇大小低于死码字阈值的码字数，单位为帧/批。
figure-dead_corpus = 语料中的死码字
    .text = `#{"{"}count_k = 0{"}"}`，统计整个语料，包括训练帧和留出帧：没有被其中任何一帧选中的码字数。
figure-bit_efficiency = 比特效率
    .text = `sum_i H_i / sum_i ln K_i`：各层码字实际携带的信息占标称比特的比例。
figure-nominal_kbps = 标称码率
    .text = `fps * sum_i log2 K_i / 1000`：各层码字按码本全尺寸计的代价。
figure-effective_kbps = 有效码率
    .text = `fps * sum_i H_i / ln 2 / 1000`：对每层单独使用理想熵编码器所需的码率。
figure-conditional_entropy_bits = 给定前一层的条件熵
    .text = `H(l | l-1) = H(a, b) - H(a)`，a、b 为一帧在第 l-1 层和第 l 层的码字：这一层说出的、前一层没有说出的信息。若由前一层的码字就能确定这一层的码字，则为 0。帧数少时结果偏低：应与把相同码字在各帧之间打乱后的结果比较，而不是与熵比较。
figure-mutual_information_bits = 与前一层共有的信息
    .text = `I = H_shuffled(l | l-1) - H(l | l-1)`：某层的码字中已被前一层的码字说出的比特数，已扣除帧数太少造成的偶然成分。各层相互独立时约为 0；也可能偶然略低于 0。
figure-repetition_share = 重复率
    .text = `#{"{"}c_t = c_(t+1){"}"} / #相邻对`，统计音频片段中相邻帧的码字：与前一帧码字相同的帧所占的比例。
figure-mean_run_length = 平均游程
    .text = `n / #游程`：同一码字连续出现的平均长度。没有任何一帧重复前一帧的码字时为 1；占比为 p_k 且无记忆时约为 `1 / (1 - sum_k p_k²)`。
figure-uniform_size = 均匀簇大小
    .text = `N/K`：所有码字被同等使用时，每个码字从一个批次中分到的帧数。批大小未知时用 `C = sum c_k` 代替 N，稳态下两者相等。
figure-threshold_advice = 建议阈值
    .text = `rho N/K`，rho = 0.1：K 个码字均匀使用时，每个码字从 N 帧的批次中所得帧数的十分之一。达到 N/K 及以上时，即使均匀使用的码字也会被判为死码字。
figure-collision_rate = 碰撞率
    .text = `(n - #不同元组) / n`：各层码字都与之前某一帧相同的帧所占的比例。只统计每层都有码字的帧。
figure-prefix_coverage = 前缀覆盖率
    .text = `#l 层的不同前缀 / min(n, K_1 * .. * K_l)`：这么多帧最多可能出现的前缀中，实际出现的比例。
figure-checkpoint_drift = 检查点间的漂移
    .text = `||e_b - e_a||_F / ||e_a||_F`，计入一层的所有行，从检查点 a 到下一个检查点 b：码本在两者之间移动了多远。
figure-token_stability = 词元稳定性
    .text = `#{"{"}z_b = z_a{"}"} / n`：在这一层的码字与上一个检查点相同的帧所占的比例。接近 1 时词元已收敛；某一层的变化会改变其后所有层的输入。
figure-births = 码字新生
    .text = `#{"{"}a 中已死，b 中在用{"}"}`：现在在用、但在上一个检查点中未用的码字数。“在用”指至少被一个探测帧选中；没有探测帧时，指 EMA 簇大小不低于阈值。
figure-deaths = 码字死亡
    .text = `#{"{"}a 中在用，b 中已死{"}"}`：在上一个检查点中在用、现在不再使用的码字数，统计方式与码字新生相同。
figure-mse = MSE
    .text = `sum ||x - q_1..l||² / (n D)`：经过到这一层为止的各层之后，每个元素的均方误差。
figure-snr_db = SNR
    .text = `10 log10(sum ||x||² / sum ||x - q_1..l||²)`，取到这一层为止的各层。没有信号或没有误差时无定义。
figure-snr_gain_db = SNR 增益
    .text = `SNR_l - SNR_(l-1)`，其中 `SNR_0 = 0 dB`：这一层带来的增益。
figure-explained_variance = 解释方差
    .text = `1 - sum ||r_l||² / sum ||x - mean||²`：到这一层为止的各层所重建的、相对均值的方差所占的比例。
figure-beam_gain_db = 束搜索增益
    .text = `10 log10(sum ||x - q_greedy||² / sum ||x - q_beam||²)`：沿多条路径逐层搜索相比贪心搜索的增益。
figure-code_distortion = 码字的失真
    .text = 其胞腔内各帧的平均 `||x - e_k||²`；占比为这些帧的失真之和除以该层总失真。
figure-margin = 间隔
    .text = 一帧的 `1 - ||r - e_k||² / ||r - e_j||²`，k 为其码字，j 为其余码字中最近的一个：在两个胞腔的边界上为 0，与该行完全重合时为 1；沿多条路径搜索而未取最近码字时小于 0。
figure-shannon_db = 香农参考
    .text = `10 log10(sum l / sum min(l, t))`，l 为该层输入的协方差的特征值，t 满足 `sum max(0, log2(l / t)) / 2 = log2 K`：对具有此协方差的高斯帧，K 个码字最多能获得的增益（反向注水）。D 维白高斯帧：`6.02 log2(K) / D` dB。
figure-centred_gain_db = 中心化帧上的增益
    .text = `10 log10(sum ||r_(l-1) - mean||² / sum ||r_l||²)`：这一层在任何常数所能带来的之外增加的增益，所用的帧与香农参考相同。
figure-shannon_share = 占香农参考的比例
    .text = `增益 / 参考`，两者都以 dB 计，取自相同的、减去均值后的帧。k-means 层在白高斯帧上达到 77-80 %；远离高斯分布的帧（例如成簇的帧）可以超过 100 %。
figure-bits_a_frame = 码率
    .text = `sum_i H_i / (s_i ln 2)`，对到这一层为止的各层求和，第 i 层每 s_i 帧共用一个码字：对每层单独使用理想熵编码器时，每帧所需的比特数。标称码率以 `ln K_i` 代替以 nat 计的熵 H_i。
figure-gaussian_snr_db = 高斯帧的 SNR
    .text = `10 log10(sum ||x||² / sum ||x - mean||²) + 10 log10(sum l / sum min(l, t))`，l 为各帧协方差的特征值，t 满足 `sum max(0, log2(l / t)) / 2 = R`：对具有此协方差且均值已知的高斯帧，任何每帧 R 比特的量化器所能达到的最佳结果（反向注水）。协方差由部分帧抽样估计。
figure-threshold_frames = 阈值
    .text = EMA 簇大小 `c_k` 低于此值的码字被视为死码字。各规则用各自的单位表示它；这里已换算成帧。为 0 时关闭替换
sweep-snr_db = SNR
    .text = 最后一层之后的信噪比
sweep-bits_per_frame = 码率
    .text = 对每层单独使用理想熵编码器时每帧所需的比特数：各层的熵之和
sweep-utilization = 已用
    .text = 所有层的全部码字中，至少被选中一次的码字
sweep-perplexity = 困惑度
    .text = exp(H)，取各层的平均
sweep-bit_efficiency = 比特效率
    .text = 码字的熵占标称比特的比例
sweep-explained_variance = 解释方差
    .text = 码字所解释的方差的比例
sweep-dead_threshold = 低于阈值
    .text = 所有层中低于死码字阈值的码字
heading-used = 已用
heading-utilization = 利用率
heading-utilization-if-uniform = 均匀时的利用率
heading-perplexity = 困惑度
heading-perplexity-miller-madow = 困惑度，Miller-Madow
heading-entropy-nats = 熵，nat
heading-gini = 基尼系数
heading-dead-in-the-window = 窗口内的死码字
heading-dead-by-threshold = 低于阈值的死码字
heading-dead-in-the-corpus = 语料中的死码字
heading-mse = MSE
heading-snr-db = SNR，dB
heading-snr-gain-db = SNR 增益，dB
heading-explained-variance = 解释方差
heading-shannon-reference-db = 香农参考，dB
heading-gain-on-centred-frames-db = 中心化帧上的增益，dB
heading-of-the-shannon-reference = 占香农参考的比例
