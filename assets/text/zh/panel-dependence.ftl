panel-dependence = 依赖关系
    .help = 码字之间能互相说明什么。留意码字由前一层决定的层，它们花费比特却没有新内容；也留意只是重复的码字
dependence-shows = 相邻层和相邻帧的码字互相说明什么
dependence-counting-runs = 正在统计连续段
dependence-counting-pairs = 正在统计码字对
dependence-of-what = 第 { $layer } 层，{ GROUPED($n) } 帧的码字
# 指标后面的小字。
dependence-of-own = 自身 { $bits }
dependence-by-chance = 偶然值 { $share }
dependence-longest = 最长 { $frames }
# 熵对该层说明了什么。
dependence-first-layer = 第一层之前没有其他层：它的柱只是自身的熵
dependence-no-frame = 没有一帧同时具有这一层和前一层的码字
dependence-one-code = 第 { $layer } 层对所有帧都是同一个码字，因此没有任何信息
dependence-verdict = 第 { $before } 层的码字已经说明了第 { $layer } 层信息的 { $share }，帧数有限造成的偶然部分已扣除
# 熵。
dependence-entropies = 各层的熵，以及给定前一层时的熵
dependence-layers-axis = 各层依次量化前面各层留下的残差
dependence-bits-axis = 比特/帧
dependence-own = 自身的熵
dependence-given = 给定前一层
dependence-shuffled = 打乱
    .help = 把同样的码字在各帧之间打乱后得到的值：明显低于它的柱才是真实的依赖
dependence-shuffled-line = 在各帧之间打乱
dependence-not-counted = 尚未统计
dependence-read-own = 自身的熵
dependence-read-given = 给定前一层
dependence-read-shuffled = 同上，打乱
dependence-read-shared = 偶然之外的共享
dependence-bits = { $bits } 比特
# 码字保持不变的时长。
dependence-runs = 第 { $layer } 层的连续段长度
dependence-length-axis = 长度 (帧)
    .help = 码字连续多少帧保持不变；最后一根柱也包括更长的
dependence-runs-axis = 连续段占比
dependence-run = 连续 { GROUPED($n) } 帧为同一码字
dependence-run-or-longer = 连续 { GROUPED($n) } 帧或更多为同一码字
dependence-read-runs = 连续段
dependence-run-count = { GROUPED($n) } 段（{ $share }）
# 码字的先后。
dependence-pairs = 码字的先后关系，第 { $layer } 层
dependence-no-pairs = 没有先后相接的码字：每段音频都只有一帧
dependence-next-axis = 后一个码字，按排名
    .help = 下一帧的码字：按使用多少排列，使用最多的在前
dependence-code-axis = 码字，按排名
    .help = 一帧的码字：按使用多少排列，使用最多的在前。单击可选中它
dependence-ramp = 颜色：码字对出现的次数，对数刻度。从未出现的码字对保持底色
dependence-pair = { $first }，其后是{ $second }
# 若干码字，以及除列出的之外还有多少。
dependence-codes = 码字 { $codes }
dependence-codes-more = 码字 { $codes } 和另外 { $more } 个
dependence-comma = 、
dependence-occurs = 出现
dependence-times = { GROUPED($n) } 次（{ $share }）
