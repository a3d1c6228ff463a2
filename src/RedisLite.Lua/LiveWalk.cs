namespace RedisLite.Lua;

/// <summary>Walks everything reachable and adds up its size. Objects carry the number of the last walk that saw them.</summary>
internal sealed class LiveWalk(int epoch)
{
    private readonly Stack<object> _pending = new();
    private long _bytes;

    internal void Add(object? item)
    {
        switch (item)
        {
            case LuaString s when s.Mark != epoch:
                s.Mark = epoch;
                _bytes += Meter.StringBytes + s.Length;
                break;
            case LuaTable t when t.Mark != epoch:
                t.Mark = epoch;
                _pending.Push(t);
                break;
            case LuaFunction f when f.Mark != epoch:
                f.Mark = epoch;
                _pending.Push(f);
                break;
            case Box b when b.Mark != epoch:
                b.Mark = epoch;
                _bytes += Meter.BoxBytes;
                _pending.Push(b);
                break;
            case LuaThread h when h.Mark != epoch:
                h.Mark = epoch;
                _pending.Push(h);
                break;
            case LuaUserdata u:
                if (u.Metatable is { } meta) Add(meta);
                break;
        }
    }

    internal long Finish()
    {
        while (_pending.TryPop(out var item)) Visit(item);
        return _bytes;
    }

    private void Visit(object item)
    {
        switch (item)
        {
            case LuaTable table: VisitTable(table); break;
            case Box box: Add(box.Value.Ref); break;
            case LuaThread thread: VisitThread(thread); break;
            case HostFunction host:
                _bytes += Meter.ClosureBytes;
                Add(host.Attached);
                break;
            case LuaClosure closure:
                _bytes += Meter.ClosureBytes + (closure.Upvalues.Length * 8);
                Add(closure.Env);
                foreach (var box in closure.Upvalues) Add(box);
                VisitConstants(closure.Proto);
                break;
        }
    }

    private void VisitConstants(Proto proto)
    {
        foreach (ref readonly var constant in proto.Constants.AsSpan()) Add(constant.Ref);
    }

    private void VisitTable(LuaTable table)
    {
        _bytes += table.SizeInBytes;
        Add(table.Metatable);
        foreach (ref readonly var value in table.ArrayPart.AsSpan()) Add(value.Ref);
        foreach (ref readonly var node in table.NodePart)
        {
            Add(node.Key.Ref);
            Add(node.Value.Ref);
        }
    }

    private void VisitThread(LuaThread thread)
    {
        _bytes += 1500 + (thread.Stack.Length * 16L);
        Add(thread.Globals);
        var used = Math.Min(thread.Stack.Length, Math.Max(thread.Top, thread.MultiTop));
        for (var i = 0; i < thread.Depth; i++)
        {
            Add(thread.Frames[i].Function);
            if (thread.Frames[i].Closure is { } closure) used = Math.Max(used, Math.Min(thread.Stack.Length, thread.Frames[i].Base + closure.Proto.Registers));
        }
        foreach (ref readonly var value in thread.Stack.AsSpan(0, used)) Add(value.Ref);
    }
}
