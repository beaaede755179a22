//! A plugin as its author writes it: it builds, runs and is tested natively.
#![forbid(unsafe_code)]

use licit_guest::testing::{Ask, ask};
use licit_guest::{DAY, Instant, Term};
use std::fmt::Debug;
use std::panic;

licit_guest::plugin!("themes.toml");

fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ContentRecommendation(facts) if facts.right_objected_purposes().contains("profiling") => {
            deny(Reason::Objected)
        }
        Purpose::ContentRecommendation(facts) => {
            let is_old = |since: Instant| facts.at().seconds_since(since) > 180 * DAY;
            match facts.controls_personalisation() {
                ControlsPersonalisation::On if facts.consent_time().is_some_and(is_old) => {
                    deny(Reason::HistoryTooOld)
                }
                ControlsPersonalisation::On if request.has(Data::DownloadHistory) => {
                    permit().with(Obligation::RefreshIndex)
                }
                ControlsPersonalisation::On => permit(),
                ControlsPersonalisation::Off => deny(Reason::Objected),
            }
        }
        Purpose::SystemServiceOperation => permit(),
    }
}

fn recommendation<'a>() -> Request<'a> {
    Request::new(Operation::Use, "content-recommendation", [Data::BrowsingHistory])
        .fact("at", "2026-11-23T10:00:00Z")
        .fact("controls.personalisation", ControlsPersonalisation::On)
        .fact("right.objected_purposes", [])
}

/// What the panic of `request` says.
fn refusal<T: Debug>(request: impl FnOnce() -> T + panic::UnwindSafe) -> String {
    match panic::catch_unwind(request) {
        Ok(verdict) => format!("no panic but {verdict:?}"),
        Err(payload) => payload.downcast_ref::<String>().cloned().unwrap_or_default(),
    }
}

#[test]
fn verdicts_follow_the_facts() {
    assert_eq!(evaluate(&recommendation()), permit());
    let off = recommendation().fact("controls.personalisation", "off");
    assert_eq!(evaluate(&off), deny(Reason::Objected));
    let objected = recommendation().fact("right.objected_purposes", ["user-support", "profiling"]);
    assert_eq!(evaluate(&objected), deny(Reason::Objected));
    let old = recommendation().fact("consent.time", Instant::utc("2026-05-01T00:00:00Z"));
    assert_eq!(evaluate(&old), deny(Reason::HistoryTooOld));
    assert_eq!(evaluate(&old.fact("at", "2026-06-01T00:00:00Z")), permit());
    let run = Request::new(Operation::Use, "system-service-operation", [Data::Oaid]);
    assert_eq!(evaluate(&run), permit());
}

#[test]
fn a_request_knows_its_operation_and_data() {
    let request = Request::new(
        Operation::Use,
        "content-recommendation",
        [
            Data::DownloadHistory,
            Data::BrowsingHistory,
            Data::DownloadHistory,
        ],
    );
    assert_eq!(request.operation(), Operation::Use);
    assert!(request.data().eq([Data::BrowsingHistory, Data::DownloadHistory]));
    assert!(request.has(Data::DownloadHistory) && !request.has(Data::Oaid));
}

#[test]
fn obligations_come_with_a_permit() {
    let request = Request::new(Operation::Use, "content-recommendation", [Data::DownloadHistory])
        .fact("at", "2026-11-23T10:00:00Z")
        .fact("controls.personalisation", "on")
        .fact("right.objected_purposes", []);
    assert_eq!(evaluate(&request), permit().with(Obligation::RefreshIndex));
}

#[test]
fn facts_that_only_some_activities_need_may_be_unknown() {
    let request = recommendation();
    let Purpose::ContentRecommendation(facts) = request.purpose() else {
        panic!("{request:?}")
    };
    assert_eq!(facts.consent_explicit(), None);
    assert_eq!(facts.subject_region(), None);
    assert_eq!(facts.data_source(), None);

    let request = request
        .fact("consent.explicit", true)
        .fact("data.source", ["browsing-history=observed"]);
    let Purpose::ContentRecommendation(facts) = request.purpose() else {
        panic!("{request:?}")
    };
    assert_eq!(facts.consent_explicit(), Some(true));
    assert!(
        facts
            .data_source()
            .unwrap()
            .of(Data::BrowsingHistory.id())
            .eq(["observed"])
    );
}

#[test]
fn what_does_not_fit_the_declaration_is_named() {
    let missing = || {
        evaluate(
            &Request::new(Operation::Use, "content-recommendation", [Data::BrowsingHistory])
                .fact("at", "2026-11-23T10:00:00Z")
                .fact("right.objected_purposes", []),
        )
    };
    for (request, expected) in [
        (
            refusal(missing),
            "the fact `controls.personalisation` is missing: state it with `.fact(\"controls.personalisation\", …)`",
        ),
        (
            refusal(|| evaluate(&recommendation().fact("controls.personalisation", "perhaps"))),
            "the fact `controls.personalisation` takes one of `on`, `off`",
        ),
        (
            refusal(|| evaluate(&recommendation().fact("at", "yesterday"))),
            "the fact `at` takes an instant like 2026-03-01T00:00:00Z",
        ),
        (
            refusal(|| evaluate(&recommendation().fact("consent.explicit", "yes"))),
            "the fact `consent.explicit` takes a flag",
        ),
        (
            refusal(|| {
                evaluate(&Request::new(
                    Operation::Use,
                    "content-recomendation",
                    [Data::Oaid],
                ))
            }),
            "`plugin.toml` declares no purpose `content-recomendation` (declared: \
             `content-recommendation`, `system-service-operation`)",
        ),
        (
            refusal(|| {
                evaluate(&Request::new(Operation::Use, "system-service-operation", []).fact("at", "…"))
            }),
            "no activity with this purpose reads the fact `at` (declared: none)",
        ),
    ] {
        assert_eq!(request, expected);
    }
}

fn asked<'a>() -> Ask<'a, Plugin> {
    ask!(
        Use ContentRecommendation [BrowsingHistory],
        at = "2026-11-23T10:00:00Z", consent.time = Instant::utc("2026-11-01T00:00:00Z"),
        controls.personalisation = ControlsPersonalisation::On, right.objected_purposes = [], subject.region = "IN"
    )
}

#[test]
fn a_request_is_one_line_and_a_base_for_many() {
    asked().assert_permit();
    asked().fact("right.count", 3).assert_permit();
    asked()
        .fact("right.count", 3)
        .unknown("right.count")
        .assert_permit();
    asked()
        .data([Data::DownloadHistory])
        .assert_permit_with([Obligation::RefreshIndex]);
    asked()
        .fact("right.objected_purposes", ["profiling"])
        .assert_deny(Reason::Objected);
    asked()
        .fact("consent.time", "2026-01-01T00:00:00Z")
        .assert_deny(Reason::HistoryTooOld);
    assert_eq!(asked().operation(Operation::Collect).verdict(), permit());
    ask!(Use SystemServiceOperation [Oaid]).assert_permit();
}

#[test]
fn another_verdict_is_shown_with_its_request() {
    let expected = |got, expected| {
        format!(
            "the verdict is another one\n  request   use content-recommendation [download-history]\n  \
             facts     at = \"2026-11-23T10:00:00Z\", consent.time = \"2026-11-01T00:00:00Z\", \
             controls.personalisation = \"on\", right.objected_purposes = {got}, subject.region = \"IN\"\n  {expected}"
        )
    };
    let download = || asked().data([Data::DownloadHistory]);
    assert_eq!(
        refusal(|| download().assert_permit()),
        expected("[]", "expected  permit\n  got       permit with refresh-index")
    );
    let objected = || download().fact("right.objected_purposes", ["profiling"]);
    assert_eq!(
        refusal(|| objected().assert_deny(Reason::HistoryTooOld)),
        expected(
            "[\"profiling\"]",
            "expected  deny history-too-old\n  got       deny objected"
        )
    );
    assert_eq!(
        refusal(|| objected().assert_permit_with([Obligation::RefreshIndex])),
        expected(
            "[\"profiling\"]",
            "expected  permit with refresh-index\n  got       deny objected"
        )
    );
}

#[test]
fn what_no_host_would_ask_shows_nothing() {
    let first_line = |ask: fn() -> Ask<'static, Plugin>| {
        let refusal = refusal(|| drop(ask().verdict()));
        refusal.lines().next().map(str::to_owned).unwrap_or_default()
    };
    for (refused, expected) in [
        (
            first_line(|| asked().unknown("subject.region")),
            "no host would ask this: the activity `recommend-content` reads `subject.region`, which has no value; \
             state it: `subject.region = …`",
        ),
        (
            first_line(|| asked().fact("consent.explicit", true)),
            "no host would ask this: the activity `recommend-content` does not read `consent.explicit`; leave it out, \
             or add it to `reads` or `optional-reads`",
        ),
        (
            first_line(|| asked().data([])),
            "no host would ask this: no activity of `plugin.toml` covers it",
        ),
    ] {
        assert_eq!(refused, expected);
    }
    assert_eq!(
        refusal(|| drop(ask!(Collect SystemServiceOperation [Oaid]).verdict())),
        "no host would ask this: no activity of `plugin.toml` covers it\n  \
         declared  use system-service-operation [oaid], as `run`\n  \
         request   collect system-service-operation [oaid]"
    );
}

#[test]
fn ids_are_those_of_the_manifest() {
    assert!(
        Data::ALL
            .iter()
            .map(|data| data.id())
            .eq(["browsing-history", "download-history", "oaid"])
    );
    assert!(
        Operation::ALL
            .iter()
            .map(|operation| operation.id())
            .eq(["collect", "use"])
    );
    assert_eq!(Reason::from_id("history-too-old"), Some(Reason::HistoryTooOld));
    assert_eq!(Obligation::from_id("refresh"), None);
}
