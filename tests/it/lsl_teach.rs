//! Classes that markers of another program teach, and a program that receives them.
//!
//! Tests with peers run themselves again inside a network namespace of their own; see [`crate::lsl::rig`]. Invariant: what
//! goes out for a window is about that window, by its stamp.

use crate::cli::program::Desk;
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
        let program = desk.start(&run(&[&more[..], &["--set", "novelty.enabled=true"]].concat()));
        let samples = 190;
        let mut receiver = rig.peer("inlet.py", &["name=emb-class", &format!("samples={samples}")]);
        assert_eq!(["type", "channels", "rate"].map(|key| receiver.line(key)), ["Class", "4", "10.0"]);
        assert_eq!(receiver.line("labels"), "class,confidence,p_slow,p_fast");
        receiver.line("ready");
        let mut novelty = rig.peer("inlet.py", &["name=emb-novelty", "samples=1"]);
        assert_eq!(["type", "channels"].map(|key| novelty.line(key)), ["Novelty", "2"]);
        assert_eq!(novelty.line("labels"), "novelty,novelty_p");
        // Half a minute of windows of a second has to come before there is anything to compare with.
        assert!(novelty.line("sample").ends_with(" -1.0 1.0"));
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
