%% Wall time, CPU time and memory of this program.
-module(peers_meter).
-export([phases/2, measure/2, resident_bytes/0, p99/1, sum_below/1]).

%% A warm-up with a tenth of the operations, then the measurement with all of them: nanoseconds and CPU
%% nanoseconds per operation.
phases(N, Phase) ->
    Phase(N div 10),
    {Wall, Cpu, _} = measure(N, fun() -> Phase(N) end),
    {Wall, Cpu}.

%% And what the work returns.
measure(N, Work) ->
    Cpu = cpu_ns(),
    Start = erlang:monotonic_time(nanosecond),
    Result = Work(),
    Wall = erlang:monotonic_time(nanosecond) - Start,
    {Wall / N, (cpu_ns() - Cpu) / N, Result}.

%% User and system time of all threads, in ticks of 10 ms. statistics(runtime) leaves out system time.
cpu_ns() ->
    {ok, Stat} = file:read_file("/proc/self/stat"),
    [_, Rest] = string:split(Stat, ") ", trailing),
    Fields = string:lexemes(Rest, " "),
    [User, System] = [binary_to_integer(lists:nth(Field, Fields)) || Field <- [12, 13]],
    (User + System) * 10000000.

resident_bytes() ->
    {ok, Status} = file:read_file("/proc/self/status"),
    {match, [Kib]} = re:run(Status, "VmRSS:\\s*(\\d+) kB", [{capture, all_but_first, list}]),
    list_to_integer(Kib) * 1024.

%% The value that 99 % do not exceed.
p99(Values) ->
    lists:nth(length(Values) * 99 div 100 + 1, lists:sort(Values)).

sum_below(N) -> N * (N - 1) div 2.
