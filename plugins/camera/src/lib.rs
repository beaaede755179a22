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
    use licit_guest::testing::ask;

    #[test]
    fn only_the_device_gives_a_picture_its_place() {
        let geotag = ask!(Collect PhotoGeotagging [Photo, PhotoLocationMetadata], locus = "device");
        geotag.assert_permit();
        geotag.fact("locus", "server").assert_deny(Reason::DeviceOnly);
    }

    #[test]
    fn a_notice_may_come_from_a_server() {
        ask!(Notify ServiceNotification [AppSetting]).assert_permit();
    }
}
