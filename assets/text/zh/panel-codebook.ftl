panel-codebook = 码本
    .help = 一层的各行：它们相对该层输入的分布、长度以及彼此的距离。请留意附近没有输入的行、彼此重叠的行，以及偏离自身滑动平均的行
codebook-moves = 码本仍在变化
    .text = 需要将所有行两两比较。训练期间每隔几秒比较一次，码本较大时则在训练暂停或结束后进行
codebook-comparing = 正在比较各行
    .text = 正在将该层的所有行两两比较
codebook-frames-add = 各行所代表的残差，以及每个码字的误差
# 已标记的码字在该层中所占的比例。
codebook-marked = 已标记 { GROUPED($n) } 个码字
codebook-marked-frames = 已标记 { GROUPED($n) } 个码字：占 { $frames }的 { $share }
codebook-marked-error = 已标记 { GROUPED($n) } 个码字：占 { $frames }的 { $share }，占该层在这些帧上误差的 { $error }
# 数值旁的说明。
codebook-of-dimension = 共 { $dim } 维
codebook-of-codes = 共 { $codes } 个码字
codebook-largest-gap = 行与其滑动平均的最大差距
# 数值上方；`plane` 是下面四条之一。
codebook-layer = 第 { $layer } 层：{ $codes } 行，每行 { $dim } 维，{ $plane }
codebook-layer-at-step = 第 { $layer } 层，第 { $step } 步：{ $codes } 行，每行 { $dim } 维，{ $plane }
codebook-plane-inputs = 绘制在该层 { GROUPED($n) } 个输入的前两个主轴上
codebook-plane-inputs-share = 绘制在该层 { GROUPED($n) } 个输入的前两个主轴上，两轴占其方差的 { $share }
codebook-plane-rows = 绘制在各行自身的前两个主轴上
codebook-plane-rows-share = 绘制在各行自身的前两个主轴上，两轴占其方差的 { $share }
codebook-axis-inputs = 输入的主轴 { $axis }
    .help = 该层输入的一个主轴，以及它所占的方差比例。点越大，码字使用得越多；颜色表示码字的状态；近似重复的码字以线相连。单击码字即可选中它。按住 Shift 拖动，或用图上方的“框选”“套索”拖动，可标记其中的所有码字
codebook-axis-inputs-share = 输入的主轴 { $axis } ({ $share })
codebook-axis-rows = 行的主轴 { $axis }
    .help = 各行的一个主轴，以及它所占的方差比例。点越大，码字使用得越多；颜色表示码字的状态；近似重复的码字以线相连。单击码字即可选中它。按住 Shift 拖动，或用图上方的“框选”“套索”拖动，可标记其中的所有码字
codebook-axis-rows-share = 行的主轴 { $axis } ({ $share })
codebook-map = 第 { $layer } 层的码字分布图
codebook-density = 每个格子中该层输入的数量，对数刻度
    .low = 一个
    .high = 许多输入
codebook-state-count = { $state }：{ $count }
# 读数。
codebook-state = 状态
codebook-chosen = 选中它的帧
codebook-chosen-frames = { GROUPED($n) } 帧，共 { $frames }
codebook-size = EMA 簇大小
codebook-length = 长度
codebook-nearest = 最近的码字
codebook-nearest-code = 码字 { $code }，距离 { $distance }
# 拖动的作用。
codebook-move = 移动
    .help = 拖动以移动图。按住 `Shift` 拖动则画出矩形，与“框选”相同
codebook-box = 框选
    .help = 拖动画出矩形：其中的码字会在所有面板中标记出来
codebook-lasso = 套索
    .help = 拖动画线圈住码字：其中的码字会在所有面板中标记出来
