# 坐标轴。
plot-steps = 步
    .help = 训练步，每步一个批次
plot-label-unit = { $label }（{ $unit }）
plot-axis-read = { $label }：{ $value }
plot-axis-help = { $label }：{ $text }
# 图表。
plot-move = 拖动可移动，Ctrl + 滚轮缩放，按住右键拖动可放大框选区域，双击查看全部。键盘焦点在图上时，可用方向键读取数值
plot-select = 拖动选择一段帧，单击取消选择，Shift + 滚轮移动，Ctrl + 滚轮缩放，双击查看全部
plot-named = 图：{ $title }
plot-curves-all = 全部 { $n }
    .help = 按名称列出此图的所有曲线
plot-curve = 曲线 { $name }
plot-more = 还有 { $n } 项
plot-of-layer = { $title }，第 { $layer } 层
plot-by-layer = { $title }，按层
# 图表的绘制方式。
plot-log-x = 对数 x 轴
plot-log-y = 对数 y 轴
plot-smoothing = 平滑
plot-smoothing-none = 无
    .help = 每步的原始值
plot-smoothing-ema = 对之前各步的滑动平均：每步的权重为 2 / (span + 1)
plot-smoothing-median = 中位数
    .help = 周围各步的中位数：个别离群值不留痕迹
plot-smoothing-span = 平滑跨多少步；原始曲线以较淡的颜色留在后面
# 时间。
plot-seconds = { $secs } s
plot-minutes = { $min } min { $secs } s
plot-hours = { $hours } h { $min } min
plot-days = { $days } 天
# 图或表上方的一行。
plot-csv = 将此处显示的内容保存为表格，包含所有数值
plot-copy = 复制
    .help = 复制表格以用于论文或 README，数位与此处显示的一致
plot-copy-markdown = 复制表格为 Markdown
    .done = 表格已复制为 Markdown
plot-copy-latex = 复制表格为 LaTeX
    .done = 表格已复制为 LaTeX
plot-png = 保存此面板的图像
plot-svg = 按当前显示保存绘图，任意大小都同样清晰。整个面板的绘图在其标签页的菜单中
plot-axes = 坐标轴
    .help = 平滑和对数坐标轴，适用于所有此类图表
