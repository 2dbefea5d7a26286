//! What clients are told of jobs.

use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use serde_json::Value;

use crate::support::{Server, client};

/// What a client is told of a job once it has ended.
pub async fn ended(server: &Server, job_id: &str) -> Value {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let status = status(server, job_id).await;
        if ["done", "failed", "cancelled"].iter().any(|end| status["status"] == *end) {
            return status;
        }
        assert!(Instant::now() < deadline, "{status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What a client is told of a job.
pub async fn status(server: &Server, job_id: &str) -> Value {
    let answer = client().get(server.at(&format!("/v1/jobs/{job_id}"))).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// Status and `code` of a problem.
pub async fn refusal(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    assert_eq!(answer.headers().get("content-type").unwrap(), "application/problem+json", "{status}");
    let problem: Value = answer.json().await.unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}
