import CLibUV
import Glibc

/// A thread with a name, for one worker.
package enum WorkerThread {
    /// Starts a thread that runs `body` to its end.
    package static func start(named name: String, _ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(name: name, run: body)).toOpaque()
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                let body = Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue()

                widget_set_thread_name(String(body.name.prefix(15)))
                body.run()
                return nil
            }, box)
        precondition(status == 0, "no thread could be started")
        pthread_detach(thread)
    }

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }
}
