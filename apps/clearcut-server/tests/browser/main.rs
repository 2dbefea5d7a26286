//! The pages as people use them: in a headless Chromium, with the embedded model.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../it/support.rs"]
mod support;
mod webdriver;

use std::{path::PathBuf, time::SystemTime};

use clearcut_server::trust::{
    key_file::{KeyFile, NewKey},
    keys::Role,
};
use secrecy::ExposeSecret as _;
use serde_json::json;

use self::{
    support::{Server, client, photo},
    webdriver::Browser,
};

/// The pixel of the result at its upper left corner, where no subject is, or false as long as there is no result.
const CORNER: &str = "(() => {
    const after = document.getElementById('after');
    if (after.hidden || !after.complete || after.naturalWidth === 0) return false;
    const canvas = document.createElement('canvas');
    canvas.width = after.naturalWidth;
    canvas.height = after.naturalHeight;
    const context = canvas.getContext('2d');
    context.drawImage(after, 0, 0);
    return [...context.getImageData(0, 0, 1, 1).data];
})()";

/// Controls that a screen reader would have no name for.
const NAMELESS: &str = "[...document.querySelectorAll('input, select, button, a')]
    .filter((control) => !(control.labels?.length || control.getAttribute('aria-label') || control.textContent.trim()))
    .map((control) => control.outerHTML)";

const SIDEWAYS: &str = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

fn corner_is(color: &str) -> String {
    format!("String({CORNER}) === '{color}'")
}

fn file(server: &Server, name: &str, bytes: &[u8]) -> PathBuf {
    let path = server.folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The pages fit a phone and a desktop, in both color schemes; pictures of them are left for people.
async fn look(browser: &Browser, name: &str) {
    for (width_px, height_px, dark) in [(1280, 900, false), (1280, 900, true), (360, 740, false)] {
        browser.resize(width_px, height_px).await;
        browser.prefer_dark(dark).await;
        assert_eq!(browser.value(SIDEWAYS).await, json!(0), "{name} is wider than {width_px} px");
        let scheme = if dark { "dark" } else { "light" };
        browser.screenshot(&format!("{name}-{width_px}-{scheme}")).await;
    }
    browser.prefer_dark(false).await;
    browser.resize(1280, 900).await;
}

#[tokio::test]
async fn a_chosen_photo_is_cut_out_as_the_controls_say() {
    let Some(browser) = Browser::start_or_skip().await else { return };
    let server = Server::start();
    browser.open(&server.at("/")).await;
    assert_eq!(browser.value(NAMELESS).await, json!([]));
    look(&browser, "home").await;

    browser.write("#photos", file(&server, "first.png", &photo(1)).to_str().unwrap()).await;
    browser.until(&corner_is("0,0,0,0")).await;
    let cache = "document.querySelector('[data-fact=cache]')?.textContent";
    assert_eq!(browser.until(cache).await, "miss");
    let status = browser.value("document.getElementById('status').textContent").await;
    let status = status.as_str().unwrap();
    assert!(status.starts_with("Cut out in ") && status.ends_with('s'), "{status}");

    // Everything is reached by keyboard: the slider between before and after.
    browser.write("#split", "\u{e012}\u{e012}").await;
    assert_eq!(
        browser.value("document.getElementById('split').getAttribute('aria-valuetext')").await,
        "48 % of the original"
    );

    browser.click("[name=background][value=color]").await;
    let choose = "(() => {
        const color = document.getElementById('background-color');
        color.value = '#ff0000';
        color.dispatchEvent(new Event('input', { bubbles: true }));
        return true;
    })()";
    browser.until(choose).await;
    browser.until(&corner_is("255,0,0,255")).await;
    let command = browser.value("document.getElementById('command').textContent").await;
    let command = command.as_str().unwrap();
    for part in ["-F 'background=#ff0000'", "-F 'image=@first.png'", &format!("'{}'", server.at("/v1/cutouts"))] {
        assert!(command.contains(part), "{command}");
    }
    let download = browser.value("document.getElementById('download').download").await;
    assert_eq!(download, "first-cutout.png");

    browser.click("#plan button[type=reset]").await;
    browser.until(&corner_is("0,0,0,0")).await;
    assert_eq!(browser.until(&format!("{cache}?.startsWith('hit') && {cache}")).await, "hit: memory");
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn many_photos_become_a_list_and_a_refused_one_says_why() {
    let Some(browser) = Browser::start_or_skip().await else { return };
    let server = Server::start();
    browser.open(&server.at("/")).await;
    let paths = [
        file(&server, "first.png", &photo(1)),
        file(&server, "second.png", &photo(2)),
        file(&server, "words.txt", b"no picture at all, only words"),
    ];
    let paths = paths.map(|path| path.to_str().unwrap().to_owned()).join("\n");
    browser.write("#photos", &paths).await;
    let states = "[...document.querySelectorAll('#list .badge')].map((state) => state.textContent).join()";
    browser.until(&format!("{states} === 'done,done,failed'")).await;
    browser.click("#list li:nth-child(3) .tile").await;
    let problem =
        browser.until("!document.getElementById('problem').hidden && document.getElementById('problem').textContent");
    assert!(problem.await.as_str().unwrap().contains("picture"));
    browser.click("#list li:nth-child(3) .remove").await;
    browser.until(&corner_is("0,0,0,0")).await;

    browser.click("#shadow").await;
    browser.click("#crop").await;
    let cropped = "document.getElementById('compare').classList.contains('apart')";
    browser.until(&format!("{cropped} && {states} === 'done,done'")).await;
    let title = browser.value("document.getElementById('batch-title').textContent").await;
    assert_eq!(title, "2 photos, 2 done");
    look(&browser, "list").await;
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test]
async fn an_admin_signs_in_sees_the_figures_clears_and_signs_out() {
    let Some(browser) = Browser::start_or_skip().await else { return };
    let mut made = None;
    let server = Server::start_with(|settings| {
        settings.cache.cost_per_image = 0.2;
        let new = NewKey { name: "Ada".to_owned(), role: Role::Admin, quota_per_day: None };
        made = Some(KeyFile::at(&settings.access.keys_file).add(new, SystemTime::now()).unwrap());
    });
    for seed in [1, 1, 1, 2] {
        let request = client().post(server.at("/v1/cutouts?format=png")).header("Content-Type", "image/png");
        assert_eq!(request.body(photo(seed)).send().await.unwrap().status(), 200);
    }

    browser.open(&server.at("/admin")).await;
    browser.until("!document.getElementById('sign-in').hidden").await;
    assert_eq!(browser.value(NAMELESS).await, json!([]));
    look(&browser, "sign-in").await;
    browser.write("#key", "wrong").await;
    browser.click("#sign-in button").await;
    let problem = "document.getElementById('sign-in-problem')";
    browser.until(&format!("!{problem}.hidden && {problem}.textContent.includes('not known')")).await;
    browser.write("#key", made.unwrap().key.expose_secret()).await;
    browser.click("#sign-in button").await;

    browser.until("document.querySelectorAll('#figures dd').length >= 6").await;
    browser.until("document.querySelectorAll('#tiers tbody .badge.good').length >= 2").await;
    browser.until("document.querySelectorAll('#ratio svg').length === 1").await;
    browser.until("document.querySelectorAll('#stages dt').length >= 3").await;
    browser.until("[...document.querySelectorAll('#recent img')].some((image) => image.naturalWidth > 0)").await;
    look(&browser, "admin").await;

    browser.click("#clear button").await;
    browser.until("document.getElementById('sure').open").await;
    browser.screenshot("admin-sure").await;
    browser.click("#sure-yes").await;
    let done = "document.getElementById('done')";
    let said = browser.until(&format!("{done}.className === 'done' && {done}.textContent")).await;
    assert!(said.as_str().unwrap().starts_with("Cleared 2 entries"), "{said}");
    browser.until("document.querySelectorAll('#recent img').length === 0").await;
    browser.click("#cleanup").await;
    browser.until(&format!("{done}.textContent.startsWith('Cleaned up')")).await;

    browser.click("#sign-out").await;
    browser.until("document.getElementById('board').hidden && !document.getElementById('sign-in').hidden").await;
    assert_eq!(browser.complaints().await, [""; 0]);
}
