//! `views`: a window beside its augmented views, in text and as a picture.

use super::program::{CRATE, Desk, bundled};

/// Width, height and pixels `[height, width, 3]` of a picture.
fn pixels(path: &std::path::Path) -> (usize, usize, Vec<u8>) {
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    (frame.width as usize, frame.height as usize, pixels)
}

#[test]
fn the_drawing_is_text_without_codes_and_always_the_same() {
    let (desk, recording) = (Desk::new(), bundled());
    let arguments = ["views", &recording, "--at", "30", "--channels", "Fp1,O1,Cz", "--seed", "3"];
    let said = desk.run(&arguments).ends_with(0);
    assert_eq!(said.err, "");
    assert!(!said.out.contains('\x1b'), "{}", said.out);
    assert_eq!(desk.run(&arguments).out, said.out);
    assert_ne!(desk.run(&[&arguments[..6], &["--seed", "4"]].concat()).out, said.out);
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(said.out.replace(&format!("{CRATE}/"), ""));
    });
    let ascii = desk.run(&[&arguments[..], &["--ascii"]].concat()).ends_with(0);
    assert!(ascii.out.is_ascii(), "{}", ascii.out);
    assert_eq!(desk.listing(), []);
}

#[test]
fn a_picture_has_a_panel_for_the_window_and_for_each_view() {
    let (desk, recording) = (Desk::new(), bundled());
    let draw = |more: &[&str]| {
        let fixed = ["views", &recording, "--at", "30", "--channels", "Cz,P4", "--png", "views.png"];
        desk.run(&[&fixed[..], more].concat()).ends_with(0);
        let bytes = std::fs::read(desk.path("views.png")).unwrap();
        (pixels(&desk.path("views.png")), bytes)
    };
    let ((width, height, image), bytes) = draw(&[]);
    assert_eq!((width, image.len()), (38 + 3 * 464, 3 * width * height));
    assert_eq!(draw(&[]).1, bytes, "a picture replaces a picture, and is the same again");
    // Beside two letters of seven pixels: the window in ink, the views in their colours.
    for (panel, colour) in [[40; 3], [0, 114, 178], [213, 94, 0]].into_iter().enumerate() {
        let (left, right) = (38 + panel * 464, 38 + panel * 464 + 440);
        let inside = image.chunks(3).enumerate().filter(|(at, _)| (left..right).contains(&(at % width)));
        let count = inside.filter(|(at, pixel)| *pixel == colour && at / width > 63 && at / width < 63 + 112).count();
        assert!(count > 200, "panel {panel} has {count} pixels of its colour");
    }
    let ((wider, ..), _) = draw(&["--views", "4"]);
    assert_eq!(wider, width + 2 * 464);
}

#[test]
fn what_was_drawn_is_listed() {
    let (desk, recording) = (Desk::new(), bundled());
    let steps = "augment.steps=[{ sign_flip = true }, { amplitude = [2, 2] }, { mixup = [0.5, 0.5] }]";
    let said = desk.run(&["views", &recording, "--views", "1", "--set", steps]).ends_with(2);
    assert!(said.err.contains("`preset` or `steps`, not both"), "{said:?}");
    let file = desk.write("steps.toml", "[[augment.steps]]\nsign_flip = true\n[[augment.steps]]\nmixup = [0.5, 0.5]\n");
    let said = desk.run(&["views", &recording, &file, "--views", "1"]).ends_with(0);
    assert!(said.out.ends_with("view 1\n  sign flipped\n  mixed with 50 % of another window\n"), "{}", said.out);
    let said = desk.run(&["views", &recording, &file, "--at", "178"]).ends_with(0);
    assert!(said.out.ends_with("no window follows that could be mixed in: mixup is left out\n"), "{}", said.out);
    let said = desk.run(&["views", &recording, "--set", "augment.preset=none"]).ends_with(0);
    assert!(said.out.contains("view 2\n  nothing: it is the window itself\n"), "{}", said.out);
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let (desk, recording) = (Desk::new(), bundled());
    let notes = desk.write("notes.txt", "mine");
    for (code, more, parts) in [
        (2, &["--at", "179"][..], &["no window of 2 s begins at 179 s", "ends at 180.000 s"][..]),
        (2, &["--at", "-1"], &["--at -1: must be 0 seconds or more"]),
        (2, &["--at", "5000"], &["no window of 2 s begins at 5000 s", "ends at 180.000 s"]),
        (2, &["--views", "0"], &["--views 0: must be from 1 to 8"]),
        (2, &["--set", "window.length_s=200"], &["must fit into the recording, 180.000 s"]),
        (2, &["--set", "augment.preset=sleeep"], &["did you mean `sleep`?"]),
        (2, &["--channels", "Fp11"], &["did you mean `Fp1`?"]),
        (2, &["--png", &notes], &["is no PNG"]),
        (2, &["--png", "no/such/folder.png"], &["there is no such folder"]),
    ] {
        desk.run(&[&["views", &recording], more].concat()).refuses(code, parts);
    }
    desk.run(&["views", "missing.edf"]).refuses(1, &["missing.edf", "cannot be opened"]);
    assert_eq!(desk.listing().len(), 1);
}
