//! Who may make admin calls.

use actix_web::HttpRequest;

use super::{
    address,
    keys::{Holder, Role},
    limits::Call,
};
use crate::{
    failure::{Code, Failure, Outcome},
    service::Service,
    visit,
};

/// The admin who makes this request, by key or by session cookie. Every attempt counts for its address.
///
/// # Errors
///
/// [`Code::RateLimited`], [`Code::Forbidden`] as long as there is no admin key and for a user's key, and
/// [`Code::Unauthorized`] without a key or with one that is not known.
pub async fn admin(request: &HttpRequest, service: &Service) -> Outcome<Holder> {
    let address = address::client(request, &service.settings.access.trusted_proxies);
    visit::count(service, Call::Admin, None, address).await?;
    if !service.keys.has(Role::Admin) {
        return Err(Failure::new(
            Code::Forbidden,
            "admin calls are closed until there is an admin key; make one with \
             `clearcut-server keys add --name NAME --role admin`",
        ));
    }
    let Some(key) = visit::shown_key(request) else {
        let session = service.sessions.holder(request).await;
        return session
            .ok_or_else(|| Failure::new(Code::Unauthorized, "send an admin key in the header X-Api-Key"))
            .and_then(permitted);
    };
    let holder = service.keys.find(key)?;
    holder
        .ok_or_else(|| Failure::new(Code::Unauthorized, "this API key is not known here; ask the operator for one"))
        .and_then(permitted)
}

/// `holder`, if it is an admin's.
fn permitted(holder: Holder) -> Outcome<Holder> {
    match holder.role {
        Role::Admin => Ok(holder),
        Role::User => Err(Failure::new(Code::Forbidden, "this call needs a key with the role admin")),
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use actix_web::{test::TestRequest, web::Data};
    use clearcut::Engine;
    use clearcut_segment::testing::CountingSegmenter;
    use secrecy::ExposeSecret as _;

    use super::{
        super::{
            key_file::{KeyFile, NewKey},
            limits::Limit,
        },
        *,
    };
    use crate::settings::Settings;

    struct Door {
        service: Data<Service>,
        _folder: tempfile::TempDir,
    }

    impl Door {
        /// A service with these keys that takes `attempts` an hour.
        fn with(attempts: u32, roles: &[Role]) -> (Self, Vec<String>) {
            let folder = tempfile::tempdir().unwrap();
            let file = KeyFile::at(folder.path().join("keys.toml"));
            let add = |role: &Role| {
                let new = NewKey { name: role.as_str().to_owned(), role: *role, quota_per_day: None };
                file.add(new, std::time::SystemTime::now()).unwrap().key.expose_secret().to_owned()
            };
            let keys = roles.iter().map(add).collect();
            let mut settings = Settings::default();
            settings.access.keys_file = file.path().to_owned();
            settings.limits.calls = vec![(Call::Admin, Limit { calls: attempts, per: Duration::from_hours(1) })];
            let engine = Engine::builder().segmenter(Arc::new(CountingSegmenter::constant(0))).build().unwrap();
            let service = Data::new(Service::new(engine, settings).unwrap());
            (Self { service, _folder: folder }, keys)
        }

        async fn knock(&self, from: &str, key: Option<&str>) -> Result<String, Code> {
            let mut request =
                TestRequest::default().app_data(self.service.clone()).peer_addr(format!("{from}:1").parse().unwrap());
            if let Some(key) = key {
                request = request.insert_header(("X-Api-Key", key));
            }
            let holder = admin(&request.to_http_request(), &self.service).await;
            holder.map(|holder| holder.name).map_err(|failure| failure.code())
        }
    }

    #[actix_web::test]
    async fn admin_calls_are_closed_until_there_is_an_admin_key() {
        let (door, keys) = Door::with(100, &[Role::User]);
        for key in [None, Some("cc_guess"), Some(keys[0].as_str())] {
            assert_eq!(door.knock("192.0.2.1", key).await, Err(Code::Forbidden));
        }
        let request = TestRequest::default().to_http_request();
        let detail = admin(&request, &door.service).await.unwrap_err().detail().to_owned();
        assert!(detail.contains("clearcut-server keys add") && detail.contains("--role admin"), "{detail}");
    }

    #[actix_web::test]
    async fn only_admin_keys_open_admin_calls() {
        let (door, keys) = Door::with(100, &[Role::User, Role::Admin]);
        assert_eq!(door.knock("192.0.2.1", None).await, Err(Code::Unauthorized));
        assert_eq!(door.knock("192.0.2.1", Some("cc_guess")).await, Err(Code::Unauthorized));
        assert_eq!(door.knock("192.0.2.1", Some(&keys[0])).await, Err(Code::Forbidden));
        assert_eq!(door.knock("192.0.2.1", Some(&keys[1])).await, Ok("admin".to_owned()));
    }

    #[actix_web::test]
    async fn guesses_are_counted_for_their_address() {
        let (door, keys) = Door::with(3, &[Role::Admin]);
        for _ in 0..3 {
            assert_eq!(door.knock("192.0.2.1", Some("cc_guess")).await, Err(Code::Unauthorized));
        }
        assert_eq!(door.knock("192.0.2.1", Some("cc_guess")).await, Err(Code::RateLimited));
        assert_eq!(door.knock("192.0.2.1", Some(&keys[0])).await, Err(Code::RateLimited), "even the right one");
        assert_eq!(door.knock("192.0.2.2", Some(&keys[0])).await, Ok("admin".to_owned()));
    }
}
