//! What the camera adds to its manifest: a picture gets its place on the device and nowhere else.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::PhotoGeotagging(facts) if facts.locus() == Locus::Server => deny(Reason::DeviceOnly),
        Purpose::PhotoGeotagging(_) | Purpose::ServiceNotification => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_device_gives_a_picture_its_place() {
        let geotag = |locus: &'static str| {
            let request = Request::new(
                Operation::Collect,
                "photo-geotagging",
                [Data::PhotoLocationMetadata],
            );
            evaluate(&request.fact("locus", locus))
        };
        assert!(geotag("device").is_permit());
        assert_eq!(geotag("server"), deny(Reason::DeviceOnly));
    }

    #[test]
    fn a_notice_may_come_from_a_server() {
        let notice = Request::new(Operation::Notify, "service-notification", [Data::AppSetting]);
        assert!(evaluate(&notice).is_permit());
    }
}
