//! The rows of a layer as points of its map: how large each is, in what state, and which are near-duplicates.

use egui_plot::{PlotBounds, PlotPoint};

use super::outline::Outline;
use crate::metrics::buffers::CodebookView;
use crate::training::{CodeState, LayerCodes};

/// More points in sight than these are drawn as one picture.
pub const MOST_POINTS: usize = 4096;
/// Sizes of points; the area goes with the use.
const SIZES: usize = 6;
/// The radii of the least and the most used codes.
const RADII: (f32, f32) = (1.6, 6.0);
/// From so many codes on points are drawn smaller.
const MANY: usize = 512;

/// The rows of a layer in the plane.
pub struct Cloud {
    /// Of each code.
    pub points: Vec<PlotPoint>,
    /// What is known of each code.
    pub codes: LayerCodes,
    /// Codes that are drawn alike.
    pub groups: Vec<Group>,
    /// Codes that lie on one another, each pair once.
    pub near: Vec<[usize; 2]>,
    /// The step of size of each.
    steps: Vec<usize>,
    /// The box that they lie in.
    pub bounds: PlotBounds,
}

/// Codes that are in one state and used alike.
pub struct Group {
    /// Their state.
    pub state: CodeState,
    /// How large they are drawn.
    pub radius: f32,
    /// Where they lie.
    pub points: Vec<PlotPoint>,
}

impl Cloud {
    /// Of codes at these places.
    pub fn new(places: &[[f64; 2]], codes: LayerCodes, codebook: &CodebookView) -> Self {
        let points: Vec<PlotPoint> = places.iter().map(|&[x, y]| PlotPoint::new(x, y)).collect();
        let steps = size_steps(&codes);
        let groups = group(&points, &codes, &steps, 0..points.len());
        let near = near_pairs(codebook, points.len());
        let mut bounds = PlotBounds::NOTHING;
        points.iter().for_each(|point| bounds.extend_with(point));
        Self { bounds, points, codes, groups, near, steps }
    }

    /// The row nearest to a place, where one is near.
    pub fn nearest(&self, at: PlotPoint) -> Option<(usize, PlotPoint)> {
        let distance = |p: &PlotPoint| (p.x - at.x).hypot(p.y - at.y);
        let nearest = self.points.iter().enumerate().min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
        let span = self.bounds.width().max(self.bounds.height()).max(f64::MIN_POSITIVE);
        nearest.filter(|(_, p)| distance(p) <= 0.1 * span).map(|(code, point)| (code, *point))
    }

    /// The rows in sight, where they are not too many to be drawn one by one.
    pub fn in_sight(&self, bounds: &PlotBounds) -> Option<Vec<Group>> {
        let corner = |[x, y]: [f64; 2]| PlotPoint::new(x, y);
        let seen = Outline::Rectangle([corner(bounds.min()), corner(bounds.max())]).held(&self.points);
        (seen.len() <= MOST_POINTS).then(|| group(&self.points, &self.codes, &self.steps, seen))
    }

    /// Whether the rows are too many to be drawn one by one, unless few are in sight.
    pub fn are_many(&self) -> bool {
        self.points.len() > MOST_POINTS
    }
}

/// Puts together those of some codes that are drawn alike.
fn group(
    points: &[PlotPoint],
    codes: &LayerCodes,
    steps: &[usize],
    some: impl IntoIterator<Item = usize>,
) -> Vec<Group> {
    let mut groups: Vec<Group> = CodeState::ALL
        .into_iter()
        .flat_map(|state| (0..SIZES).map(move |step| (state, step)))
        .map(|(state, step)| Group { state, radius: radius(step, points.len()), points: Vec::new() })
        .collect();
    for code in some {
        let (Some(&point), Some(state), Some(step)) =
            (points.get(code), codes.states.get(code), steps.get(code))
        else {
            continue;
        };
        let nth = CodeState::ALL.iter().position(|other| other == state).unwrap_or_default();
        if let Some(group) = groups.get_mut(nth * SIZES + step) {
            group.points.push(point);
        }
    }
    groups.retain(|group| !group.points.is_empty());
    groups
}

/// By frames that chose each code or, where none were counted, by its EMA cluster size: from 0 for the least used to the largest step.
fn size_steps(codes: &LayerCodes) -> Vec<usize> {
    let weights: Vec<f64> = if codes.frames > 0 {
        codes.counts.iter().map(|&count| count as f64).collect()
    } else {
        codes.sizes.iter().map(|&size| if size.is_finite() { size.max(0.0) } else { 0.0 }).collect()
    };
    let most = weights.iter().copied().fold(0.0, f64::max);
    let step = |code: usize| {
        let share = weights.get(code).filter(|_| most > 0.0).map_or(0.0, |weight| weight / most);
        ((share.sqrt() * (SIZES - 1) as f64).ceil() as usize).min(SIZES - 1)
    };
    (0..codes.len()).map(step).collect()
}

fn radius(step: usize, num_codes: usize) -> f32 {
    let full = RADII.0 + (RADII.1 - RADII.0) * step as f32 / (SIZES - 1) as f32;
    if num_codes > MANY { 0.6 * full } else { full }
}

fn near_pairs(codebook: &CodebookView, num_codes: usize) -> Vec<[usize; 2]> {
    let pair = |code: usize| {
        let other = codebook.neighbours.get(code)?.code as usize;
        let is_twice =
            other < code && codebook.neighbours.get(other).is_some_and(|n| n.code as usize == code);
        (other < num_codes && !is_twice && codebook.is_near_duplicate(code, None)).then_some([code, other])
    };
    (0..num_codes).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::metrics::EmaSetting;
    use crate::rvq::Codebook;

    fn cloud() -> Cloud {
        let rows = array![
            [0.0f32, 0.0],
            [4.0, 0.0],
            [4.0, 0.1],
            [-6.0, 0.0],
            [4.0, 0.15],
            [20.0, 20.0],
            [-20.0, 20.0]
        ];
        let view = CodebookView::of(&Codebook::from_rows(rows.clone()).unwrap(), EmaSetting::default());
        let places: Vec<[f64; 2]> =
            rows.rows().into_iter().map(|row| [f64::from(row[0]), f64::from(row[1])]).collect();
        Cloud::new(&places, LayerCodes::of_counts(&[100, 25, 0, 1, 100, 1, 1]), &view)
    }

    #[test]
    fn points_are_as_large_as_codes_are_used_and_each_is_drawn_once() {
        let cloud = cloud();
        assert_eq!(
            cloud.steps,
            [5, 3, 0, 1, 5, 1, 1],
            "the area goes with the use, and what no frame chose is the smallest"
        );
        assert_eq!((radius(0, 7), radius(SIZES - 1, 7)), RADII);
        assert_eq!(cloud.groups.iter().map(|group| group.points.len()).sum::<usize>(), 7);
        let unused: Vec<_> =
            cloud.groups.iter().filter(|group| group.state == CodeState::UnusedInCorpus).collect();
        assert_eq!((unused.len(), unused[0].points.len()), (1, 1));
        let seen = cloud.in_sight(&PlotBounds::from_min_max([3.0, -1.0], [5.0, 1.0])).unwrap();
        assert_eq!(seen.iter().map(|group| group.points.len()).sum::<usize>(), 3);
    }

    #[test]
    fn a_pair_of_near_duplicates_is_joined_once() {
        // 2 and 4 are each other's nearest, and 2 is the nearest of 1.
        assert_eq!(cloud().near, [[1, 2], [2, 4]]);
    }

    #[test]
    fn a_rectangle_holds_what_lies_inside_whatever_its_first_corner() {
        let (cloud, at) = (cloud(), PlotPoint::new);
        let within = |corners| Outline::Rectangle(corners).held(&cloud.points);
        assert_eq!(within([at(5.0, 1.0), at(-1.0, -1.0)]), [0, 1, 2, 4]);
        assert_eq!(within([at(4.0, 0.0), at(4.0, 0.12)]), [1, 2]);
        assert!(within([at(7.0, 1.0), at(8.0, 2.0)]).is_empty());
        assert_eq!(cloud.nearest(at(-5.9, 0.1)).unwrap().0, 3);
        assert!(cloud.nearest(at(-3.0, 3.0)).is_none());
    }
}
