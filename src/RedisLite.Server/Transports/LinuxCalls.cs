using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace RedisLite.Server.Transports;

/// The Linux system calls of the epoll transport, and with the arena the only unsafe code of the product. Everything is blittable, so a call costs a GC transition
/// and no more. None of them suppresses that transition: each can take long enough to hold up a collection. A call that fails returns -1;
/// `Marshal.GetLastSystemError` must be asked directly after it.
internal static unsafe partial class LinuxCalls
{
    public const int AfUnix = 1, AfInet = 2, AfInet6 = 10;
    public const int SockStream = 1, SockNonBlock = 0x800, SockCloseOnExec = 0x80000;
    public const int MsgNoSignal = 0x4000, MsgMore = 0x8000;
    public const int ShutWrite = 1;
    public const int SolSocket = 1, SoReuseAddr = 2, SoKeepAlive = 9;
    public const int ProtocolTcp = 6, TcpNoDelay = 1, TcpKeepIdle = 4, TcpKeepInterval = 5, TcpKeepCount = 6;
    public const int ProtocolIpv6 = 41, Ipv6Only = 26;
    public const uint EpollIn = 1, EpollOut = 4, EpollError = 8, EpollHangUp = 0x10, EpollReadHangUp = 0x2000, EpollEdge = 1u << 31;
    public const int EpollAdd = 1, EpollDelete = 2, EpollModify = 3, EpollCloseOnExec = 0x80000;
    public const int EventNonBlock = 0x800, EventCloseOnExec = 0x80000;
    public const int LimitOpenFiles = 7;
    private const int CollateMask = 1 << 3;
    public const int ThreadCpuClock = 3;
    private const int UsageOfProcess = 0, UsageOfThread = 1;
    private const int MinorFaults = 4, InvoluntarySwitches = 13;

    public const int Eintr = 4, Eagain = 11, Enomem = 12, Enfile = 23, Emfile = 24, Enoprotoopt = 92, Eprotonosupport = 93, Esocktnosupport = 94,
        Epfnosupport = 96, Eafnosupport = 97, Eaddrnotavail = 99, Enobufs = 105;

    /// struct epoll_event is packed to 12 bytes on x86 and has its natural 16 elsewhere; `data` is its last 8 bytes.
    public static readonly int EpollEventSize = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 12 : 16;

    public struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    private struct SchedulingAttributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Nice;
        public uint Priority;
        public ulong SliceNanoseconds;
        public ulong Deadline;
        public ulong Period;
    }

    /// struct rusage: two times of two words each, then counters.
    private struct ResourceUsage
    {
        public long UserSeconds;
        public long UserMicroseconds;
        public long SystemSeconds;
        public long SystemMicroseconds;
        public fixed long Counters[14];
    }

    public struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    /// glibc's only; other C libraries have no such entry.
    [LibraryImport("libc", EntryPoint = "mallopt")]
    public static partial int MallocOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    public static partial int MallocTrim(nuint keep);

    [LibraryImport("libc", EntryPoint = "newlocale")]
    private static partial nint NewLocale(int categories, byte* name, nint of);

    [LibraryImport("libc", EntryPoint = "freelocale")]
    private static partial void FreeLocale(nint locale);

    /// Whether the C library has the locale for sorting; ours is not changed by the question. The empty name is that of the environment.
    public static bool HasCollation(ReadOnlySpan<byte> zeroEndedName)
    {
        fixed (byte* name = zeroEndedName)
        {
            var locale = NewLocale(CollateMask, name, 0);
            if (locale == 0) return false;
            FreeLocale(locale);
            return true;
        }
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1")]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl")]
    public static partial int EpollControl(int epoll, int operation, int fd, byte* @event);

    [LibraryImport("libc", EntryPoint = "epoll_wait")]
    private static partial int EpollWaitOfLibrary(int epoll, byte* events, int eventsMax, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "eventfd")]
    public static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "read")]
    public static partial nint Read(int fd, void* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "write")]
    public static partial nint Write(int fd, void* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "socket")]
    public static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind")]
    public static partial int Bind(int fd, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "listen")]
    public static partial int Listen(int fd, int backlog);

    [LibraryImport("libc", EntryPoint = "accept4")]
    public static partial int Accept(int fd, byte* address, uint* length, int flags);

    [LibraryImport("libc", EntryPoint = "getsockname")]
    public static partial int GetSocketName(int fd, byte* address, uint* length);

    [LibraryImport("libc", EntryPoint = "setsockopt")]
    public static partial int SetSocketOption(int fd, int level, int name, int* value, uint length);

    [LibraryImport("libc", EntryPoint = "recv")]
    private static partial nint ReceiveOfLibrary(int fd, byte* buffer, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "send")]
    private static partial nint SendOfLibrary(int fd, byte* buffer, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "shutdown")]
    public static partial int Shutdown(int fd, int how);

    [LibraryImport("libc", EntryPoint = "sendmsg")]
    public static partial nint SendMessage(int fd, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "unlink")]
    public static partial int Unlink(byte* path);

    [LibraryImport("libc", EntryPoint = "chmod")]
    public static partial int ChangeMode(byte* path, uint mode);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    public static partial int GetClock(int clock, TimeSpec* time);

    [LibraryImport("libc", EntryPoint = "getpriority")]
    private static partial int GetPriority(int which, int thread);

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int Sleep(TimeSpec* time, TimeSpec* left);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    public static partial int GetResourceLimit(int resource, ResourceLimit* limit);

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetResourceUsage(int whose, ResourceUsage* usage);

    // The three calls of every request. The C library's own make the thread cancellable and back again, four atomic operations each; where the numbers are
    // known the kernel is called without that (1 % of a PING at pipeline 1, with two clock readings fewer: 7166 to 7062 ns over 15 rounds).

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint first, void* second, nint third, nint fourth, nint fifth, nint sixth);

    private static readonly bool HasNumbers = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    public static int EpollWait(int epoll, byte* events, int eventsMax, int timeoutMs) =>
        HasNumbers ? (int)SystemCall(232, epoll, events, eventsMax, timeoutMs, 0, 0) : EpollWaitOfLibrary(epoll, events, eventsMax, timeoutMs);

    public static nint Receive(int fd, byte* buffer, nuint size, int flags) =>
        HasNumbers ? SystemCall(45, fd, buffer, (nint)size, flags, 0, 0) : ReceiveOfLibrary(fd, buffer, size, flags);

    public static nint Send(int fd, byte* buffer, nuint size, int flags) =>
        HasNumbers ? SystemCall(44, fd, buffer, (nint)size, flags, 0, 0) : SendOfLibrary(fd, buffer, size, flags);

    public static void SetOption(int fd, int level, int name, int value) => _ = SetSocketOption(fd, level, name, &value, sizeof(int));

    public static string ErrorText(int error) => Marshal.GetPInvokeErrorMessage(error);

    /// A thread (0 = the calling one) runs when others leave it the processor. Since Linux 6.12 the slice it asks for says how soon it has to have its turn: a long one lets all others go
    /// first. If the system refuses, the thread runs as all others do.
    public static void YieldToOthers(int nice, int sliceNanoseconds, int thread = 0)
    {
        nint number = RuntimeInformation.ProcessArchitecture switch { Architecture.X64 => 314, Architecture.Arm64 => 274, _ => 0 };
        if (number == 0) return;
        var attributes = new SchedulingAttributes { Size = (uint)sizeof(SchedulingAttributes), Nice = nice, SliceNanoseconds = (ulong)sliceNanoseconds };
        _ = SystemCall(number, thread, &attributes, 0, 0, 0, 0);
    }

    public static int NiceOf(int thread) => GetPriority(0, thread);

    /// The calling thread sleeps, below a second. The system adds up to 50 µs.
    public static void Pause(int microseconds)
    {
        var time = new TimeSpec { Nanoseconds = microseconds * 1000L };
        _ = Sleep(&time, null);
    }

    /// CPU time of the calling thread.
    public static long ThreadCpuNanoseconds()
    {
        TimeSpec time;
        _ = GetClock(ThreadCpuClock, &time);
        return time.Seconds * 1_000_000_000 + time.Nanoseconds;
    }

    /// CPU seconds of the process or of the calling thread.
    public static (double System, double User) CpuSeconds(bool ofThread)
    {
        ResourceUsage usage;
        if (GetResourceUsage(ofThread ? UsageOfThread : UsageOfProcess, &usage) != 0) return default;
        return (usage.SystemSeconds + usage.SystemMicroseconds / 1e6, usage.UserSeconds + usage.UserMicroseconds / 1e6);
    }

    /// Page faults (first touches of memory, above all) and times the processor was taken away, of the calling thread so far.
    public static (long Faults, long Preemptions) ThreadTroubles()
    {
        ResourceUsage usage;
        return GetResourceUsage(UsageOfThread, &usage) == 0 ? (usage.Counters[MinorFaults], usage.Counters[InvoluntarySwitches]) : default;
    }

    /// Files this process may have open; null when the system does not say.
    public static ulong? OpenFilesMax()
    {
        ResourceLimit limit;
        return GetResourceLimit(LimitOpenFiles, &limit) == 0 ? limit.Soft : null;
    }
}
