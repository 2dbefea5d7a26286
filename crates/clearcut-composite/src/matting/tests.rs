//! What only the inside can see.

use clearcut_testkit::scene;

use super::*;

#[test]
fn tiles_of_any_size_give_the_same_matte_to_the_bit() {
    let scene = scene::hair(420, 330, 5);
    let rgba = scene.rgb.chunks_exact(3).flat_map(|color| [color[0], color[1], color[2], 255]).collect();
    let photo = Picture::from_rgba(420, 330, rgba);
    let coarse = Matte::from_alpha(96, 96, scene.coarse_alpha(96));
    let whole = solve_in_tiles(&coarse, &photo, 1_000);
    assert!(whole.alpha().iter().filter(|&&alpha| (1..255).contains(&alpha)).count() > 5_000);
    for side_px in [17, 64, 128] {
        assert_eq!(solve_in_tiles(&coarse, &photo, side_px), whole, "tiles of {side_px}");
    }
}
