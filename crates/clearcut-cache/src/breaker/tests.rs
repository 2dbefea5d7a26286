use super::*;

fn breaker() -> Breaker {
    Breaker::new(BreakerPolicy {
        failures_to_open: 3,
        first_delay: Duration::from_secs(1),
        max_delay: Duration::from_secs(4),
    })
}

fn fail(breaker: &Breaker, times: u32) {
    for _ in 0..times {
        breaker.admit().expect("it is closed or due for a probe").failed();
    }
}

async fn pass(seconds: f64) {
    tokio::time::advance(Duration::from_secs_f64(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn it_opens_after_failures_in_a_row_only() {
    let breaker = breaker();
    fail(&breaker, 2);
    assert!(!breaker.admit().unwrap().succeeded());
    fail(&breaker, 2);
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert!(breaker.admit().unwrap().failed(), "the third in a row opens it");
    assert_eq!(breaker.state(), BreakerState::Open);
    assert!(breaker.admit().is_none());
}

#[tokio::test(start_paused = true)]
async fn one_probe_at_a_time_goes_through_after_the_delay() {
    let breaker = breaker();
    fail(&breaker, 3);
    pass(0.9).await;
    assert!(breaker.admit().is_none());
    pass(0.2).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    let probe = breaker.admit().expect("the probe");
    assert!(breaker.admit().is_none(), "one is enough");
    assert!(probe.succeeded(), "it closes the breaker");
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert!(breaker.admit().is_some() && breaker.admit().is_some());
}

#[tokio::test(start_paused = true)]
async fn failed_probes_wait_longer_up_to_the_limit() {
    let breaker = breaker();
    fail(&breaker, 3);
    for delay in [1.0, 2.0, 4.0, 4.0] {
        pass(delay - 0.01).await;
        assert!(breaker.admit().is_none(), "probed before {delay} s");
        pass(0.02).await;
        breaker.admit().expect("the probe").failed();
    }
}

#[tokio::test(start_paused = true)]
async fn after_closing_it_takes_as_many_failures_as_before() {
    let breaker = breaker();
    fail(&breaker, 3);
    pass(1.1).await;
    breaker.admit().unwrap().succeeded();
    fail(&breaker, 2);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_probe_leaves_the_way_to_the_next() {
    let breaker = breaker();
    fail(&breaker, 3);
    pass(1.1).await;
    drop(breaker.admit().expect("the probe"));
    assert!(breaker.admit().is_some());
}

#[tokio::test(start_paused = true)]
async fn late_failures_do_not_prolong_an_open_breaker() {
    let breaker = breaker();
    let late: Vec<_> = (0..10).map(|_| breaker.admit().unwrap()).collect();
    fail(&breaker, 3);
    pass(0.9).await;
    for admission in late {
        assert!(!admission.failed());
    }
    pass(0.2).await;
    assert!(breaker.admit().is_some());
}
