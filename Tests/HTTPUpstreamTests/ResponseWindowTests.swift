import Testing

@testable import HTTPUpstream

@Suite struct ResponseWindowTests {
    private static let room = 64 * 1024

    @Test(
        "an upstream may be ahead of its client by what there is room for",
        arguments: [
            // Half of the room is enough to go on with, whatever waits.
            (credit: 32 * 1024, held: 0, step: ResponseWindow.Step.open), (32 * 1024, 64 * 1024, .open),
            // What is missing, down to a quarter: smaller windows make small frames.
            (0, 0, .grant(64 * 1024)), (16 * 1024, 16 * 1024, .grant(32 * 1024)), (0, 48 * 1024, .grant(16 * 1024)),
            (100, 48 * 1024 - 100, .grant(16 * 1024)),
            // A window that was made smaller is made good for first.
            (-28 * 1024, 0, .grant(92 * 1024)), (-28 * 1024, 48 * 1024, .grant(44 * 1024)),
            // But not so that the upstream could send no more than a little, and nobody asked again.
            (-28 * 1024, 48 * 1024 + 1, .waits(isShut: true)),
            (0, 48 * 1024 + 1, .waits(isShut: true)), (0, 64 * 1024, .waits(isShut: true)),
            (16 * 1024 - 1, 40 * 1024, .waits(isShut: true)), (16 * 1024, 40 * 1024, .waits(isShut: false)),
            (-4096, 66 * 1024, .waits(isShut: true)),
        ])
    func steps(credit: Int, held: Int, step: ResponseWindow.Step) {
        #expect(ResponseWindow.step(credit: credit, held: held, room: Self.room) == step)
    }

    @Test("it is never let to send more than there is room for", arguments: [4096, 16 * 1024, 64 * 1024])
    func bounds(room: Int) {
        var waits = 0
        for held in stride(from: 0, through: 2 * room, by: room / 32) {
            for credit in stride(from: -room, to: 2 * room, by: room / 32) {
                switch ResponseWindow.step(credit: credit, held: held, room: room) {
                case .grant(let length):
                    #expect(length >= room / 4 && held + credit + length == room && credit + length >= room / 4)
                case .open: #expect(credit >= room / 2)
                case .waits:
                    // The client has something to take, so that there will be an end to it.
                    #expect(held > 0)
                    waits += 1
                }
            }
        }
        #expect(waits > 0)
    }
}
