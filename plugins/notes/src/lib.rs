//! Notes stay on the device: the policy says so, and the manifest declares nothing else.

licit_guest::plugin!(manifest_only);
