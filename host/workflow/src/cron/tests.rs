use jiff::Timestamp;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn due(cron: &str, zone: Option<&str>, after: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::new(Cron::parse(cron).expect(cron), zone).expect("a zone");
    let mut instant = at(after);
    let mut found = Vec::new();
    for _ in 0..count {
        let Some(next) = schedule.next_after(instant) else { break };
        found.push(next.to_string());
        instant = next;
    }
    found
}

#[test]
fn the_next_times_in_utc_follow_the_fields() {
    let cases: [(&str, &str, &[&str]); 14] = [
        ("*/15 * * * *", "2026-11-21T10:07:30Z", &["2026-11-21T10:15:00Z", "2026-11-21T10:30:00Z"]),
        ("30 5,17 * * *", "2026-11-21T05:30:00Z", &["2026-11-21T17:30:00Z", "2026-11-22T05:30:00Z"]),
        ("0 0 1 1 *", "2026-11-21T00:00:00Z", &["2027-01-01T00:00:00Z"]),
        ("0 0 1 JAN *", "2026-11-21T00:00:00Z", &["2027-01-01T00:00:00Z"]),
        ("30 5 * * 1-5", "2026-11-20T06:00:00Z", &["2026-11-23T05:30:00Z", "2026-11-24T05:30:00Z"]),
        ("30 5 * * mon-Fri", "2026-11-20T06:00:00Z", &["2026-11-23T05:30:00Z"]),
        ("0 0 * * SUN", "2026-11-21T00:00:00Z", &["2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"]),
        ("0 0 29 2 *", "2026-11-21T00:00:00Z", &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
        ("0 0 29 2 *", "2096-03-01T00:00:00Z", &["2104-02-29T00:00:00Z"]),
        // Both days given: either suffices. The 13th of November 2026 is a Friday.
        ("0 0 13 * 1", "2026-11-10T00:00:00Z", &["2026-11-13T00:00:00Z", "2026-11-16T00:00:00Z"]),
        // A star in front counts as not given: odd days that are also Mondays.
        ("0 0 */2 * 1", "2026-11-10T00:00:00Z", &["2026-11-23T00:00:00Z"]),
        (
            "5/20 3 * * *",
            "2026-11-21T00:00:00Z",
            &["2026-11-21T03:05:00Z", "2026-11-21T03:25:00Z", "2026-11-21T03:45:00Z"],
        ),
        (
            "10-20/5 3 * * *",
            "2026-11-21T00:00:00Z",
            &["2026-11-21T03:10:00Z", "2026-11-21T03:15:00Z", "2026-11-21T03:20:00Z"],
        ),
        ("0 0 30 2 *", "2026-11-21T00:00:00Z", &[]),
    ];
    for (cron, after, wanted) in cases {
        assert_eq!(due(cron, None, after, wanted.len().max(1)), wanted, "{cron} after {after}");
    }
}

#[test]
fn clock_changes_follow_the_rule() {
    let berlin = Some("Europe/Berlin");
    type Case<'a> = (&'a str, &'a str, Option<&'a str>, &'a str, &'a [&'a str]);
    let cases: [Case<'_>; 8] = [
        (
            "winter and summer time",
            "0 9 * * *",
            berlin,
            "2026-03-28T07:00:00Z",
            &["2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z"],
        ),
        (
            "a skipped time runs right after the gap",
            "30 2 * * *",
            berlin,
            "2026-03-28T12:00:00Z",
            &["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
        ),
        (
            "several skipped times run once",
            "0,30 2 * * *",
            berlin,
            "2026-03-28T12:00:00Z",
            &["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"],
        ),
        (
            "by the hour nothing is made up",
            "30 * * * *",
            berlin,
            "2026-03-29T00:00:00Z",
            &["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"],
        ),
        (
            "a repeated time runs once",
            "30 2 * * *",
            berlin,
            "2026-10-24T12:00:00Z",
            &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
        ),
        (
            "by the hour both passes count",
            "30 * * * *",
            berlin,
            "2026-10-25T00:00:00Z",
            &["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"],
        ),
        (
            "names are found without regard to case",
            "0 2 * * *",
            Some("america/NEW_YORK"),
            "2026-03-08T00:00:00Z",
            &["2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z"],
        ),
        (
            "a whole day can be skipped",
            "0 12 * * *",
            Some("Pacific/Apia"),
            "2011-12-29T23:00:00Z",
            &["2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"],
        ),
    ];
    for (case, cron, zone, after, wanted) in cases {
        assert_eq!(due(cron, zone, after, wanted.len()), wanted, "{case}");
    }
}

#[test]
fn bad_expressions_name_their_fault() {
    let cases = [
        ("", "1 fields instead of 5"),
        ("@daily", "1 fields instead of 5"),
        ("0 0 * *", "4 fields instead of 5"),
        ("0 0 * * * *", "6 fields instead of 5"),
        (" 0 0 * * *", "6 fields instead of 5"),
        ("0 0 * * * ", "6 fields instead of 5"),
        ("60 0 * * *", "minute 60 is not within 0-59"),
        ("0 24 * * *", "hour 24 is not within 0-23"),
        ("0 0 0 * *", "day 0 is not within 1-31"),
        ("0 0 32 * *", "day 32 is not within 1-31"),
        ("0 0 * 13 *", "month 13 is not within 1-12"),
        ("0 0 * * 7", "weekday 7 is not within 0-6"),
        ("0 0 * FEBR *", "'FEBR' is no month"),
        ("0 0 ? * *", "'?' is no day"),
        ("0 0 L * *", "'L' is no day"),
        ("0 0 1, * *", "'' is no day"),
        ("+5 0 * * *", "'+5' is no minute"),
        ("5-1 * * * *", "the minute range '5-1' runs backwards"),
        ("1-2-3 * * * *", "'2-3' is no minute"),
        ("*/0 * * * *", "'0' is no step for a minute"),
        ("*/60 * * * *", "'60' is no step for a minute"),
        ("*/5/5 * * * *", "'5/5' is no step for a minute"),
        ("*/ * * * *", "'' is no step for a minute"),
        ("99999999999999999999 * * * *", "'99999999999999999999' is no minute"),
    ];
    for (text, wanted) in cases {
        let error = Cron::parse(text).expect_err(text);
        assert_eq!(error.problem.to_string(), wanted, "{text:?}");
        assert_eq!(
            error.to_string(),
            "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)"
        );
    }
}

#[test]
fn schedules_closer_than_five_minutes_are_noted() {
    for (text, close) in [
        ("*/5 * * * *", false),
        ("*/4 * * * *", true),
        ("* * * * *", true),
        ("0-4 * * * *", true),
        ("0,58 * * * *", true),
        ("0,58 */2 * * *", false),
        ("0,58 0,23 * * *", true),
        ("7 * * * *", false),
    ] {
        let cron = Cron::parse(text).expect(text);
        assert_eq!(cron.is_closer_than_five_minutes(), close, "{text}");
        assert_eq!(cron.frequency_warning(text).is_some(), close, "{text}");
    }
}

#[test]
fn an_unknown_time_zone_is_named() {
    let cron = Cron::parse("0 0 * * *").expect("valid");
    let error = Schedule::new(cron, Some("Mars/Olympus")).expect_err("no such zone");
    assert_eq!(
        error.to_string(),
        "Unknown time zone 'Mars/Olympus'. Expected an IANA name such as 'Europe/Berlin'."
    );
}

#[test]
fn the_end_of_time_has_no_next() {
    let schedule =
        Schedule::new(Cron::parse("0 0 * * *").expect("valid"), Some("Asia/Tokyo")).expect("a zone");
    assert_eq!(schedule.next_after(Timestamp::MAX), None);
    assert!(schedule.next_after(Timestamp::MIN).is_some());
}

/// The definition, minute by minute, as a check on the search.
fn brute_force(cron: &Cron, after: Timestamp) -> Timestamp {
    let mut time = jiff::tz::TimeZone::UTC.to_datetime(after);
    let second = i64::from(time.second());
    let mut instant = Timestamp::from_second(after.as_second() - second).expect("in range");
    loop {
        instant = Timestamp::from_second(instant.as_second() + 60).expect("in range");
        time = jiff::tz::TimeZone::UTC.to_datetime(instant);
        let on_day = cron.is_due_on(time.month(), time.day(), time.weekday().to_sunday_zero_offset());
        if on_day && cron.hours().any(|h| h == time.hour()) && cron.minutes().any(|m| m == time.minute()) {
            return instant;
        }
    }
}

#[test]
fn the_search_agrees_with_trying_every_minute() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..300 {
        let text = format!(
            "{} {} {} * {}",
            random.u8(0..60),
            if random.bool() { "*".to_owned() } else { random.u8(0..24).to_string() },
            if random.bool() { "*/3".to_owned() } else { random.u8(1..29).to_string() },
            if random.bool() { "*".to_owned() } else { random.u8(0..7).to_string() },
        );
        let cron = Cron::parse(&text).expect(&text);
        let after = Timestamp::from_second(random.i64(0..4_000_000_000)).expect("in range");
        let schedule = Schedule::new(cron, None).expect("UTC");
        assert_eq!(schedule.next_after(after), Some(brute_force(&cron, after)), "{text} after {after}");
    }
}

#[test]
fn no_text_makes_the_parser_panic() {
    let mut random = fastrand::Rng::with_seed(11);
    let alphabet: Vec<char> = "0123456789*,-/ @LW?#JANfebmon\u{e9}\t".chars().collect();
    for _ in 0..20_000 {
        let text: String =
            (0..random.usize(0..24)).map(|_| *random.choice(&alphabet).expect("not empty")).collect();
        if let Ok(cron) = Cron::parse(&text) {
            let schedule = Schedule::new(cron, Some("America/Sao_Paulo")).expect("a zone");
            let _ =
                schedule.next_after(Timestamp::from_second(random.i64(0..4_000_000_000)).expect("in range"));
        }
    }
}
