//! What is drawn around codes on the map, and which places it holds.

use egui_plot::PlotPoint;

/// Places of a free line at the most: what lies inside is asked of every row, and a hand draws no finer.
const MOST_CORNERS: usize = 512;

/// What goes around codes, in the plane of the map.
#[derive(Debug, Clone, PartialEq)]
pub enum Outline {
    /// A rectangle between two corners, its edges with it.
    Rectangle([PlotPoint; 2]),
    /// A line through these places and back to the first, with what it goes around.
    Lasso(Vec<PlotPoint>),
}

impl Outline {
    /// Goes on to a place: that is the other corner, or the next place of the line.
    pub fn extend(&mut self, to: PlotPoint) {
        match self {
            Self::Rectangle([_, corner]) => *corner = to,
            Self::Lasso(corners) => {
                if corners.len() >= MOST_CORNERS {
                    // A line that goes on and on is kept coarser.
                    let mut nth = 0;
                    corners.retain(|_| {
                        nth += 1;
                        nth % 2 == 1
                    });
                }
                corners.push(to);
            }
        }
    }

    /// The rectangle around it, lower left and upper right.
    fn bounds(&self) -> [PlotPoint; 2] {
        let corners = match self {
            Self::Rectangle(corners) => &corners[..],
            Self::Lasso(corners) => corners,
        };
        let start = [f64::INFINITY, f64::NEG_INFINITY].map(|v| PlotPoint::new(v, v));
        corners.iter().fold(start, |[low, high], p| {
            [PlotPoint::new(low.x.min(p.x), low.y.min(p.y)), PlotPoint::new(high.x.max(p.x), high.y.max(p.y))]
        })
    }

    /// Which of `points` it holds, by their numbers.
    #[must_use]
    pub fn held(&self, points: &[PlotPoint]) -> Vec<usize> {
        let [low, high] = self.bounds();
        let is_near = |p: &PlotPoint| (low.x..=high.x).contains(&p.x) && (low.y..=high.y).contains(&p.y);
        let is_held = |p: &PlotPoint| match self {
            Self::Rectangle(_) => is_near(p),
            Self::Lasso(corners) => is_near(p) && goes_around(corners, *p),
        };
        points.iter().enumerate().filter(|(_, point)| is_held(point)).map(|(nth, _)| nth).collect()
    }
}

/// Whether the closed line through `corners` goes around `at` or through it: whether it winds about it other than 0 times. Where a line crosses
/// itself, what it goes around twice the same way lies inside.
fn goes_around(corners: &[PlotPoint], at: PlotPoint) -> bool {
    let mut turns = 0;
    let next = corners.iter().cycle().skip(1);
    for (a, b) in corners.iter().zip(next) {
        // Above 0 where `at` lies to the left of the way from a to b.
        let side = (b.x - a.x) * (at.y - a.y) - (at.x - a.x) * (b.y - a.y);
        if side == 0.0 && is_between(a.x, b.x, at.x) && is_between(a.y, b.y, at.y) {
            return true;
        }
        // A corner at the height of `at` belongs to the way above it, so that each crossing counts once.
        match (a.y <= at.y, b.y <= at.y) {
            (true, false) if side > 0.0 => turns += 1,
            (false, true) if side < 0.0 => turns -= 1,
            _ => {}
        }
    }
    turns != 0
}

fn is_between(a: f64, b: f64, value: f64) -> bool {
    (a.min(b)..=a.max(b)).contains(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(corners: &[[f64; 2]]) -> Vec<PlotPoint> {
        corners.iter().map(|&[x, y]| PlotPoint::new(x, y)).collect()
    }

    fn is_in(corners: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
        goes_around(&line(corners), PlotPoint::new(x, y))
    }

    #[test]
    fn a_line_holds_what_it_goes_around_whichever_way() {
        // An L: the corner that is cut out lies outside.
        let l = [[0.0, 0.0], [4.0, 0.0], [4.0, 1.0], [1.0, 1.0], [1.0, 3.0], [0.0, 3.0]];
        let backwards: Vec<_> = l.iter().rev().copied().collect();
        for l in [&l[..], &backwards] {
            for inside in [[0.5, 0.5], [3.5, 0.5], [0.5, 2.5], [0.5, 1.0]] {
                assert!(is_in(l, inside), "{inside:?}");
            }
            for outside in [[2.0, 2.0], [-0.5, 1.0], [4.5, 1.0], [2.0, 1.5], [0.5, 3.5], [2.0, -1.0]] {
                assert!(!is_in(l, outside), "{outside:?}");
            }
        }
    }

    #[test]
    fn edges_and_corners_lie_inside_and_their_height_counts_once() {
        let square = [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]];
        for edge in [[0.0, 0.0], [2.0, 2.0], [1.0, 0.0], [2.0, 1.0], [0.0, 1.5]] {
            assert!(is_in(&square, edge), "{edge:?}");
        }
        // Places at the height of corners, on either side.
        let diamond = [[0.0, -1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]];
        for (x, inside) in [(-1.5, false), (-0.5, true), (0.0, true), (0.5, true), (1.5, false)] {
            assert_eq!(is_in(&diamond, [x, 0.0]), inside, "{x}");
        }
        assert!(!is_in(&diamond, [0.5, 1.0]) && !is_in(&diamond, [0.5, -1.0]));
    }

    #[test]
    fn a_line_that_runs_over_its_own_beginning_leaves_no_hole() {
        let square = [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]];
        let twice: Vec<_> = square.iter().chain(&square).copied().collect();
        assert!(is_in(&twice, [1.0, 1.0]) && !is_in(&twice, [3.0, 1.0]));
        // In the two halves of an 8 it turns the other way about, and around both.
        let eight = [[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0]];
        assert!(is_in(&eight, [0.25, 1.0]) && is_in(&eight, [1.75, 1.0]));
        assert!(!is_in(&eight, [1.0, 0.25]) && !is_in(&eight, [1.0, 1.75]));
    }

    #[test]
    fn it_agrees_with_the_sum_of_angles() {
        let mut state = 7u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 24)
        };
        for corners in 3..40 {
            let corners: Vec<[f64; 2]> = (0..corners).map(|_| [draw(), draw()]).collect();
            for _ in 0..50 {
                let at = [draw(), draw()];
                let angle = |p: [f64; 2]| (p[1] - at[1]).atan2(p[0] - at[0]);
                let turned: f64 = (0..corners.len())
                    .map(|nth| {
                        let turn = angle(corners[(nth + 1) % corners.len()]) - angle(corners[nth]);
                        (turn + 3.0 * std::f64::consts::PI).rem_euclid(std::f64::consts::TAU)
                            - std::f64::consts::PI
                    })
                    .sum();
                assert_eq!(is_in(&corners, at), turned.abs() > 1.0, "{corners:?} {at:?}");
            }
        }
    }

    #[test]
    fn lines_without_an_inside_hold_what_they_touch() {
        assert!(!is_in(&[], [0.0, 0.0]) && is_in(&[[1.0, 1.0]], [1.0, 1.0]));
        let there_and_back = [[0.0, 0.0], [2.0, 2.0]];
        assert!(is_in(&there_and_back, [1.0, 1.0]) && !is_in(&there_and_back, [1.0, 1.1]));
        let points = line(&[[1.0, 1.0], [f64::NAN, 1.0]]);
        assert!(Outline::Lasso(Vec::new()).held(&points).is_empty());
        assert_eq!(Outline::Lasso(line(&there_and_back)).held(&points), [0]);
    }

    #[test]
    fn outlines_grow_and_a_line_without_end_stays_in_bounds() {
        let at = PlotPoint::new;
        let mut rectangle = Outline::Rectangle([at(1.0, 1.0); 2]);
        rectangle.extend(at(9.0, 9.0));
        rectangle.extend(at(0.0, 3.0));
        assert_eq!(rectangle.held(&line(&[[0.5, 2.0], [5.0, 5.0], [1.0, 1.0]])), [0, 2]);
        // Ten times around a circle.
        let mut lasso = Outline::Lasso(Vec::new());
        for nth in 0..20_000 {
            let angle = f64::from(nth) / 2000.0 * std::f64::consts::TAU;
            lasso.extend(at(angle.cos(), angle.sin()));
        }
        assert!(matches!(&lasso, Outline::Lasso(corners) if corners.len() <= MOST_CORNERS));
        assert_eq!(lasso.held(&line(&[[0.0, 0.0], [0.9, 0.9], [0.5, -0.5]])), [0, 2]);
    }
}
