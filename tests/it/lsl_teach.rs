//! Classes that markers of another program teach, and a program that receives them.
//!
//! Tests with peers run themselves again inside a network namespace of their own; see [`crate::lsl::rig`]. Invariant: what
//! goes out for a window is about that window, by its stamp.

use crate::cli::program::{Desk, bundled};
use crate::lsl::rig::on_loopback;
use crate::lsl_run::run;

#[test]
fn markers_of_a_stream_teach_what_goes_out_on_another() {
    on_loopback(&markers_of_a_stream_teach_what_goes_out_on_another, |rig| {
        let each_s = 3.0;
        let mut peer =
            rig.peer("states_outlet.py", &["name=amp", "markers=states", "seconds=26", "each=3", "late=0.3"]);
        peer.line("ready");
        let desk = Desk::new();
        let more = ["--lsl", "amp", "--markers", "states", "--teach=slow,fast", "--publish", "emb", "--duration", "25"];
        let program = desk.start(&run(&more));
        let samples = 190;
        let mut receiver = rig.peer("inlet.py", &["name=emb-class", &format!("samples={samples}")]);
        assert_eq!(["type", "channels", "rate"].map(|key| receiver.line(key)), ["Class", "4", "10.0"]);
        assert_eq!(receiver.line("labels"), "class,confidence,p_slow,p_fast");
        receiver.line("ready");
        let received: Vec<Vec<f64>> = (0..samples)
            .map(|_| receiver.line("sample").split(' ').map(|word| word.parse().unwrap()).collect())
            .collect();
        let t0 = peer.number("t0");
        program.wait().ends_with(0);

        let (mut right, mut wrong) = (0, 0);
        for sample in &received {
            let [stamp, class, confidence, slow, fast] = sample[..] else { panic!("{sample:?}") };
            if class < 0.0 {
                assert_eq!([confidence, slow, fast], [0.0; 3], "{sample:?}");
                continue;
            }
            assert!((slow + fast - 1.0).abs() < 1e-5 && confidence == slow.max(fast), "{sample:?}");
            // The window of a second that ends with this stamp, where it lies in one state.
            let [from, to] = [stamp - 0.996 - t0, stamp - t0].map(|s| (s / each_s).floor() as i64);
            if from == to && stamp - t0 > 4.0 * each_s {
                let is_right = class as i64 == from.rem_euclid(2);
                (right, wrong) = (right + i32::from(is_right), wrong + i32::from(!is_right));
            }
        }
        assert!(right > 30 && wrong * 10 <= right, "{right} right and {wrong} wrong: {received:?}");
        let summary = desk.json("s.json");
        let asked = &summary["teaching"]["asked"];
        assert!(asked["balanced_accuracy"].as_f64() > Some(0.8) && asked["spans"].as_u64() >= Some(4), "{summary}");
    });
}

#[test]
fn how_unlike_all_before_each_window_is_goes_out_on_a_stream() {
    on_loopback(&how_unlike_all_before_each_window_is_goes_out_on_a_stream, |rig| {
        let (desk, recording) = (Desk::new(), bundled());
        let more = ["--replay", &recording, "--speed", "8", "--no-train", "--duration", "170", "--set"];
        let program = desk.start(&run(&[&more[..], &["serve.lsl={name=\"emb\",novelty=true}"]].concat()));
        let mut receiver = rig.peer("inlet.py", &["name=emb-novelty", "samples=1100"]);
        assert_eq!(["type", "channels", "rate"].map(|key| receiver.line(key)), ["Novelty", "3", "0.0"]);
        assert_eq!(receiver.line("labels"), "p,score,alarm");
        receiver.line("ready");
        let received: Vec<Vec<f64>> =
            (0..1100).map(|_| receiver.line("sample").split(' ').map(|word| word.parse().unwrap()).collect()).collect();
        program.wait().ends_with(0);
        // A window of a second begins every 26 frames, eight times as fast; blocks are stamped, and what lies in one is alike.
        assert!(received.windows(2).all(|pair| pair[1][0] >= pair[0][0]), "stamps rise");
        let step = (received[1099][0] - received[0][0]) / 1099.0;
        assert!((step - 26.0 / 256.0 / 8.0).abs() < 2e-3, "{step} s from one to the next");
        assert!(received.iter().all(|sample| (0.0..=1.0).contains(&sample[1]) && sample[2] > 0.0), "{received:?}");
        // The burst at 140 s.
        let alarms = received.iter().filter(|sample| sample[3] == 1.0).count() as u64;
        assert_eq!(desk.json("s.json")["novelty"]["alarms"], alarms);
    });
}
