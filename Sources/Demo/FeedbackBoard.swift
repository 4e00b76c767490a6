import Foundation
import Synchronization

/// The posts of every organization, in memory, newest first; the oldest make room.
///
/// Shared by all threads that answer.
final class FeedbackBoard: Sendable {
    struct Post: Sendable {
        let id: Int
        let text: String
        let author: String
        /// The gateway vouched for the author.
        let isVerified: Bool
        /// Seconds since 1970.
        let createdAt: Int

        var json: DemoJSON {
            let time = Date(timeIntervalSince1970: TimeInterval(createdAt)).formatted(.iso8601)
            return .object([
                "id": .number(id), "text": .text(text), "created_at": .text(time),
                "author": .object(["name": .text(author), "verified": .flag(isVerified)]),
            ])
        }
    }

    /// The longest text, in Unicode scalars.
    static let maximumText = 2000
    static let postsPerOrganization = 100
    static let maximumOrganizations = 16

    private struct Content {
        var posts: [String: [Post]] = [:]
        var lastID = 0
    }

    private let content = Mutex(Content())

    /// An organization's posts, newest first.
    func posts(of organization: String) -> [Post] { content.withLock { $0.posts[organization] ?? [] } }

    /// Adds a post and returns it; nil where there are too many organizations to remember another.
    @discardableResult
    func add(_ text: String, by author: String, isVerified: Bool, at time: Int, to organization: String) -> Post? {
        content.withLock { content in
            var posts = content.posts[organization] ?? []
            if posts.isEmpty, content.posts.count >= FeedbackBoard.maximumOrganizations { return nil }
            content.lastID += 1
            let post = Post(id: content.lastID, text: text, author: author, isVerified: isVerified, createdAt: time)
            posts.insert(post, at: 0)
            content.posts[organization] = Array(posts.prefix(FeedbackBoard.postsPerOrganization))
            return post
        }
    }
}
