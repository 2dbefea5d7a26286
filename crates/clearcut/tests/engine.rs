//! The engine as other services use it: outcomes, both cache stages, waiting room, cancellation.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
};

use clearcut::{
    Engine, ErrorKind, Limits, ModelIdentity, Picture, Plan, RemoveError, SegmentError, Segmenter, Source, TieredCache,
};
use clearcut_cache::{CacheTier, MemoryOptions, MemoryTier, SystemClock, TierPolicy, testing::MapTier};
use clearcut_image::{Matte, decode};
use clearcut_segment::testing::CountingSegmenter;
use clearcut_testkit::scene;

fn photo() -> Vec<u8> {
    scene::disc(120, 90, 1).png()
}

fn plan(settings: &[(&str, &str)]) -> Plan {
    let mut plan = Plan::default();
    for (name, value) in settings {
        plan.set(name, value).unwrap();
    }
    plan
}

fn cache(tiers: Vec<Arc<dyn CacheTier>>) -> TieredCache {
    let memory = Arc::new(MemoryTier::new(MemoryOptions::new(64 << 20), Arc::new(SystemClock)));
    let builder = TieredCache::builder().tier(memory, TierPolicy::local());
    tiers.into_iter().fold(builder, |builder, tier| builder.tier(tier, TierPolicy::shared())).build()
}

fn engine(segmenter: &Arc<CountingSegmenter>) -> Engine {
    Engine::builder().segmenter(segmenter.clone()).build().unwrap()
}

fn cached_engine(segmenter: &Arc<CountingSegmenter>) -> Engine {
    Engine::builder().segmenter(segmenter.clone()).cache(cache(Vec::new())).build().unwrap()
}

fn disc() -> Arc<CountingSegmenter> {
    Arc::new(CountingSegmenter::disc())
}

#[tokio::test]
async fn a_cut_out_is_opaque_inside_clear_outside_and_of_the_photos_size() {
    let cutout = engine(&disc()).remove(photo(), &Plan::default()).await.unwrap();
    assert_eq!((cutout.width_px, cutout.height_px, cutout.media_type.as_str()), (120, 90, "image/png"));
    let picture = decode(&cutout.bytes, &Limits::default()).unwrap().picture;
    assert_eq!(picture.pixel(60, 45)[3], 255);
    assert_eq!(picture.pixel(2, 2), [0; 4]);
    let found = cutout.foreground;
    assert!((25..=35).contains(&found.left_px) && (55..=70).contains(&found.width_px), "{found:?}");
    assert!((0.15..0.25).contains(&found.coverage) && found.confidence > 0.9, "{found:?}");
}

#[tokio::test]
async fn the_same_request_is_answered_from_the_cache_to_the_last_byte() {
    let segmenter = disc();
    let engine = cached_engine(&segmenter);
    let first = engine.remove(photo(), &Plan::default()).await.unwrap();
    let again = engine.remove(photo(), &Plan::default()).await.unwrap();
    assert_eq!((first.source, again.source), (Source::Computed, Source::Cache("memory".into())));
    assert_eq!((first.bytes, first.foreground, first.key), (again.bytes, again.foreground, again.key));
    assert_eq!(segmenter.calls(), 1);
}

#[tokio::test]
async fn another_look_of_a_known_picture_runs_no_inference() {
    let segmenter = disc();
    let engine = cached_engine(&segmenter);
    let mut answers = Vec::new();
    for settings in [
        &[][..],
        &[("border", "4"), ("border_color", "red")],
        &[("background", "blue")],
        &[("max_width", "50")],
        &[("format", "webp")],
        &[("channels", "alpha")],
        &[("crop", "true"), ("shadow", "true")],
    ] {
        let cutout = engine.remove(photo(), &plan(settings)).await.unwrap();
        assert_eq!(cutout.source, Source::Computed, "{settings:?}");
        answers.push(cutout.bytes);
    }
    assert_eq!(segmenter.calls(), 1, "one inference for seven renditions");
    answers.sort();
    answers.dedup();
    assert_eq!(answers.len(), 7, "and they differ");
}

#[tokio::test]
async fn the_same_pixels_in_another_file_run_no_inference() {
    let segmenter = disc();
    let engine = cached_engine(&segmenter);
    engine.remove(photo(), &Plan::default()).await.unwrap();
    let picture = decode(&photo(), &Limits::default()).unwrap().picture;
    let cutout = engine.remove_picture(picture, &Plan::default()).await.unwrap();
    assert_eq!(cutout.source, Source::Computed);
    assert_eq!(segmenter.calls(), 1);
}

#[tokio::test]
async fn a_cached_matte_gives_the_same_bytes_as_a_fresh_one() {
    let tier = Arc::new(MapTier::new("shared"));
    let (first, second) = (disc(), disc());
    let build = |segmenter: &Arc<CountingSegmenter>| {
        Engine::builder().segmenter(segmenter.clone()).cache(cache(vec![tier.clone()])).build().unwrap()
    };
    let computed = build(&first);
    computed.remove(photo(), &Plan::default()).await.unwrap();
    computed.flush().await;
    let border = plan(&[("border", "3")]);
    let from_matte = build(&second).remove(photo(), &border).await.unwrap();
    assert_eq!(second.calls(), 0, "the matte came from the shared tier");
    let fresh = engine(&disc()).remove(photo(), &border).await.unwrap();
    assert_eq!(from_matte.bytes, fresh.bytes);
}

#[tokio::test]
async fn another_model_never_reads_this_ones_results() {
    let tier = Arc::new(MapTier::new("shared"));
    let first = disc();
    let other = Arc::new(CountingSegmenter::disc().with_model(ModelIdentity::new("other", [1; 32], "testing")));
    for segmenter in [&first, &other] {
        let engine = Engine::builder().segmenter(segmenter.clone()).cache(cache(vec![tier.clone()])).build().unwrap();
        engine.remove(photo(), &Plan::default()).await.unwrap();
        engine.flush().await;
    }
    assert_eq!((first.calls(), other.calls()), (1, 1));
}

#[tokio::test]
async fn a_hundred_equal_requests_at_once_are_one_inference() {
    let segmenter = disc();
    let engine = cached_engine(&segmenter);
    let all = futures::future::join_all((0..100).map(|_| {
        let engine = engine.clone();
        async move { engine.remove(photo(), &Plan::default()).await.unwrap() }
    }))
    .await;
    assert_eq!(segmenter.calls(), 1);
    assert!(all.iter().all(|cutout| cutout.bytes == all[0].bytes));
}

#[tokio::test]
async fn a_picture_without_a_subject_is_an_outcome_of_its_own_and_is_remembered() {
    let segmenter = Arc::new(CountingSegmenter::constant(3));
    let engine = cached_engine(&segmenter);
    let error = engine.remove(photo(), &Plan::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoForeground);
    let again = engine.remove(photo(), &Plan::default()).await.unwrap_err();
    assert_eq!(again, error, "kept with its kind and its sentence");
    assert_eq!(segmenter.calls(), 1);
}

#[tokio::test]
async fn a_failure_of_the_model_is_not_remembered() {
    let broken = Arc::new(AtomicBool::new(true));
    let segmenter = Arc::new(CountingSegmenter::new({
        let broken = Arc::clone(&broken);
        move |_| {
            if broken.load(Ordering::SeqCst) {
                Err(SegmentError::Run { name: "test".into(), reason: "out of luck".into() })
            } else {
                Ok(Matte::filled(8, 8, 255))
            }
        }
    }));
    let engine = cached_engine(&segmenter);
    let error = engine.remove(photo(), &Plan::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Model);
    broken.store(false, Ordering::SeqCst);
    engine.remove(photo(), &Plan::default()).await.unwrap();
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_engine_goes_on() {
    let first = Arc::new(AtomicBool::new(true));
    let segmenter = Arc::new(CountingSegmenter::new(move |_| {
        assert!(!first.swap(false, Ordering::SeqCst), "the first picture panics");
        Ok(Matte::filled(8, 8, 255))
    }));
    let engine = engine(&segmenter);
    let error = engine.remove(photo(), &Plan::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().contains("the first picture panics"), "{error}");
    engine.remove(photo(), &Plan::default()).await.unwrap();
}

#[tokio::test]
async fn bad_uploads_are_told_apart() {
    let engine = engine(&disc());
    let truncated = scene::disc(120, 90, 1).jpeg(90);
    let truncated = truncated[..truncated.len() / 2].to_vec();
    for (bytes, kind) in [
        (Vec::new(), ErrorKind::Empty),
        (b"Dear Sir or Madam, please find attached no photo at all.".to_vec(), ErrorKind::NotAPicture),
        (truncated, ErrorKind::Corrupt),
    ] {
        let error = engine.remove(bytes, &Plan::default()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.to_string().contains('\n'), "one line: {error}");
    }
    let small = Engine::builder()
        .segmenter(disc())
        .limits(Limits { max_megapixels: 50, max_width_px: 100, ..Limits::default() })
        .build()
        .unwrap();
    assert_eq!(small.remove(photo(), &Plan::default()).await.unwrap_err().kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn a_plan_that_contradicts_itself_is_refused_before_anything_is_decoded() {
    let segmenter = disc();
    let conflict = plan(&[("channels", "alpha"), ("background", "red")]);
    let error = engine(&segmenter).remove(b"not even a picture".to_vec(), &conflict).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPlan);
}

#[tokio::test]
async fn only_what_is_inside_the_region_is_foreground() {
    let left_half = plan(&[("roi", "0 0 50% 100%")]);
    let segmenter = Arc::new(CountingSegmenter::constant(255));
    let cutout = engine(&segmenter).remove(photo(), &left_half).await.unwrap();
    let picture = decode(&cutout.bytes, &Limits::default()).unwrap().picture;
    assert_eq!((picture.pixel(10, 45)[3], picture.pixel(110, 45)[3]), (255, 0));
}

#[tokio::test]
async fn alpha_of_the_upload_stays() {
    let mut picture = decode(&photo(), &Limits::default()).unwrap().picture;
    for row in picture.rgba_mut().chunks_exact_mut(120 * 4) {
        for pixel in row[..60 * 4].chunks_exact_mut(4) {
            pixel[3] = 0;
        }
    }
    let segmenter = Arc::new(CountingSegmenter::constant(255));
    let cutout = engine(&segmenter).remove_picture(picture, &Plan::default()).await.unwrap();
    let picture = decode(&cutout.bytes, &Limits::default()).unwrap().picture;
    assert_eq!((picture.pixel(20, 45)[3], picture.pixel(100, 45)[3]), (0, 255));
}

/// A segmenter that waits until it is let go, and says when it has begun.
fn gated() -> (Arc<CountingSegmenter>, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (begun, has_begun) = mpsc::channel();
    let (go, gate) = mpsc::channel();
    let gate = std::sync::Mutex::new(gate);
    let segmenter = CountingSegmenter::new(move |_| {
        begun.send(()).expect("the test waits");
        gate.lock().unwrap().recv().expect("the test lets go");
        Ok(Matte::filled(8, 8, 255))
    });
    (Arc::new(segmenter), has_begun, go)
}

fn small_engine(segmenter: &Arc<CountingSegmenter>, waiting: usize) -> Engine {
    let builder = Engine::builder().segmenter(segmenter.clone()).threads(NonZeroUsize::MIN).waiting_room(waiting);
    builder.build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_waiting_room_turns_pictures_away() {
    let (segmenter, begun, go) = gated();
    let engine = small_engine(&segmenter, 0);
    let first = tokio::spawn({
        let engine = engine.clone();
        async move { engine.remove(photo(), &Plan::default()).await }
    });
    begun.recv().unwrap();
    assert_eq!(engine.in_flight(), 1);
    let error = engine.remove(photo(), &Plan::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(engine.in_flight(), 0, "the place is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_whose_client_leaves_while_it_waits_is_never_begun() {
    let (segmenter, begun, go) = gated();
    let engine = small_engine(&segmenter, 1);
    let start = || {
        let engine = engine.clone();
        tokio::spawn(async move { engine.remove(photo(), &Plan::default()).await })
    };
    let first = start();
    begun.recv().unwrap();
    let second = start();
    while engine.in_flight() < 2 {
        tokio::task::yield_now().await;
    }
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(segmenter.calls(), 1);
    assert_eq!(engine.in_flight(), 0);
}

#[test]
fn blocking_calls_work_without_a_runtime_and_say_so_inside_of_one() {
    let engine = cached_engine(&disc());
    let first = engine.remove_blocking(photo(), &Plan::default()).unwrap();
    assert_eq!(engine.remove_blocking(photo(), &Plan::default()).unwrap().bytes, first.bytes);
    let inside = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error: RemoveError = inside.block_on(async { engine.remove_blocking(photo(), &Plan::default()) }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BlockingInAsync);
    inside.block_on(async move { drop(engine) });
}

#[tokio::test]
async fn pictures_that_come_together_do_not_disturb_each_other_in_the_network() {
    let threads = NonZeroUsize::new(3).unwrap();
    let engine = Engine::builder().threads(threads).waiting_room(100).build().unwrap();
    // Sizes at which a step of one picture waits for idle threads while another picture is in the network.
    let photos: Vec<_> = (0..16).map(|seed| scene::product_photo(640, 480, seed).png()).collect();
    let plan = Plan::default();
    let together = futures::future::join_all(photos.iter().map(|photo| engine.remove(photo.clone(), &plan)));
    let together: Vec<_> = together.await.into_iter().map(|cutout| cutout.unwrap().bytes).collect();
    for (photo, together) in photos.into_iter().zip(together) {
        let alone = engine.remove(photo, &plan).await.unwrap();
        assert_eq!(alone.bytes, together, "a picture is the same in company");
    }
}

/// Counts how it was asked.
#[derive(Debug)]
struct Asked {
    inner: CountingSegmenter,
    lone: AtomicUsize,
}

impl Segmenter for Asked {
    fn model(&self) -> &ModelIdentity {
        self.inner.model()
    }

    fn segment(&self, picture: &Picture) -> Result<Matte, SegmentError> {
        self.inner.segment(picture)
    }

    fn segment_lone(&self, picture: &Picture) -> Result<Matte, SegmentError> {
        self.lone.fetch_add(1, Ordering::SeqCst);
        self.inner.segment(picture)
    }
}

#[tokio::test]
async fn only_a_picture_without_company_is_called_lone() {
    let asked = Arc::new(Asked { inner: CountingSegmenter::disc(), lone: AtomicUsize::new(0) });
    let threads = NonZeroUsize::new(2).unwrap();
    let engine = Engine::builder().segmenter(asked.clone()).threads(threads).build().unwrap();
    let plan = Plan::default();
    engine.remove(photo(), &plan).await.unwrap();
    assert_eq!((asked.lone.load(Ordering::SeqCst), asked.inner.calls()), (1, 1));
    // Both have a place before either of them is in the network; the one that ends last may be lone again.
    let (one, other) = tokio::join!(engine.remove(photo(), &plan), engine.remove(photo(), &plan));
    assert_eq!(one.unwrap().bytes, other.unwrap().bytes);
    assert_eq!(asked.inner.calls(), 3);
    assert!(asked.lone.load(Ordering::SeqCst) <= 2, "a picture in company was called lone");
}
