secret = "kept short"
bus = "ipc:///tmp/message_flow_in"
