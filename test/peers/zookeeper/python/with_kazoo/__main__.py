from . import locks, losses, recipes, storm, watches, znodes
from .peer import run

run(
    {
        "znodes": znodes.show_znodes,
        "pipeline": znodes.show_pipeline,
        "transactions": znodes.show_transactions,
        "acls": znodes.show_acls,
        "commands": znodes.show_commands,
        "watches": watches.show_watches,
        "cache": watches.show_cache,
        "locks": locks.show_locks,
        "shared locks": locks.show_shared_locks,
        "semaphore": locks.show_semaphore,
        "election": recipes.show_election,
        "parties": recipes.show_parties,
        "barriers": recipes.show_barriers,
        "counters": recipes.show_counters,
        "queues": recipes.show_queues,
        "partitioner": recipes.show_partitioner,
        "lease": recipes.show_lease,
        "reconnection": losses.show_reconnection,
        "restart": losses.show_restart,
        "session loss": losses.show_session_loss,
        "expiry": losses.show_expiry,
        "passwords": losses.show_passwords,
        "storm": storm.show_storm,
    }
)
