/// UserVoice's `expires`: a moment as text, `YYYY-MM-DD HH:MM:SS`, in GMT.
///
/// Also what the vendor's own libraries write, wherever it can mean one moment only: `/` for `-` (.NET), `T` for the
/// space, fractions of a second, and a zone: `UTC` or an offset (Ruby's `Time#to_s`), `GMT`, `Z` (ISO 8601). Without a
/// zone it is GMT, whatever clock the customer read it from.
enum ExpiryText {
    /// Seconds since 1970; nil for every other text.
    static func seconds(_ text: UnsafeRawBufferPointer) -> Double? {
        guard text.count >= 19, text.count <= 40, text[4] == UInt8(ascii: "-") || text[4] == UInt8(ascii: "/"),
            let days = CalendarDate.daysSince1970(UnsafeRawBufferPointer(rebasing: text[0..<10]), separator: text[4]),
            text[10] == UInt8(ascii: " ") || text[10] == UInt8(ascii: "T"),
            text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
            let hour = CalendarDate.number(text[11..<13]), hour < 24,
            let minute = CalendarDate.number(text[14..<16]), minute < 60,
            let second = CalendarDate.number(text[17..<19]), second < 60
        else { return nil }
        var rest = text[19...]
        guard let fraction = fraction(&rest), let offset = offset(rest) else { return nil }
        return Double(days * 86400 + hour * 3600 + minute * 60 + second - offset) + fraction
    }

    /// Takes a fraction of a second, one to nine digits, off the beginning; 0 where there is none.
    private static func fraction(_ rest: inout Slice<UnsafeRawBufferPointer>) -> Double? {
        guard rest.first == UInt8(ascii: ".") else { return 0 }
        let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
        guard (1...9).contains(digits.count), let value = CalendarDate.number(digits) else { return nil }
        rest = rest.dropFirst(1 + digits.count)
        var scale = 1
        for _ in 0..<digits.count { scale *= 10 }
        return Double(value) / Double(scale)
    }

    /// The offset that a zone names, in seconds east of GMT; 0 where there is none.
    private static func offset(_ zone: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard let first = zone.first else { return 0 }
        let name = first == 0x20 ? zone.dropFirst() : zone
        if name.elementsEqual("Z".utf8) || name.elementsEqual("UTC".utf8) || name.elementsEqual("GMT".utf8) { return 0 }
        guard let sign = name.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            name.count == 5 || (name.count == 6 && name.dropFirst(3).first == UInt8(ascii: ":")),
            let hours = CalendarDate.number(name.dropFirst().prefix(2)), hours < 24,
            let minutes = CalendarDate.number(name.suffix(2)), minutes < 60
        else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return sign == UInt8(ascii: "-") ? -seconds : seconds
    }
}
