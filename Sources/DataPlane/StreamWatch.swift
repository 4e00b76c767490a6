import VerificationCache

/// What a request that lasts rests on: since when its organization's settings, and what the directory says of its user,
/// are known to speak for it.
struct StreamWatch {
    var settingsReadAt: RevocationStamp
    var userReadAt: RevocationStamp
    /// Storage has been asked whether the user is still who they were, and hasn't answered.
    var isAsking = false
}
