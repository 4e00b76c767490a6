import IdentityCore
import Testing

@testable import widget_gateway

@Suite struct ProfileJSONTests {
    @Test func `meta and extra are JSON, with their names as they were`() throws {
        var profile = UserProfile()
        profile.externalID = "7"
        profile.meta = RawJSON(text: #"{"planName":{"aB":[1,2.5,true,null,"x"]}}"#)
        let text = try JSONText.of(ProfileJSON(profile))
        let compact = text.filter { !$0.isWhitespace }
        #expect(compact == #"{"external_id":"7","meta":{"planName":{"aB":[1,2.5,true,null,"x"]}}}"#)
    }
}
